import { SegError } from '../errors.ts';

/** What one channel of a network stands for. */
export interface LabelChannel {
  readonly name: string;
  /** Values in label maps that belong to it: one for a class, several for a region such as a whole tumour. */
  readonly values: readonly number[];
  /** The data set whose annotators drew it; absent: all data sets of the space mean the same by it. */
  readonly dataset?: string;
  /** Value that it is painted with in label maps; default: the first of `values`. */
  readonly paintedAs?: number;
}

/**
 * What the channels of a network mean, as plain JSON: the part of a plan that everything from losses to reports reads
 * labels through.
 *
 * - `softmax`: classes that exclude each other. The network has one channel more than listed here: channel 0 is
 *   background, channel i + 1 is `channels[i]`.
 * - `sigmoid`: regions that may overlap (nested tumours, organs of several data sets). Channel i is `channels[i]`.
 */
export interface LabelSpaceConfig {
  readonly kind: 'softmax' | 'sigmoid';
  readonly channels: readonly LabelChannel[];
  /** Value of voxels that nobody annotated. */
  readonly ignoreValue?: number;
  /** Indices into `channels`, later ones over earlier ones; default: as listed. For `sigmoid` alone. */
  readonly paintOrder?: readonly number[];
}

const WHERE = 'LabelSpace';
/** Codes fit a byte: 0 is background, 255 what nobody annotated. */
const MOST_CODES = 254;

/** @throws SegError `invalid-argument` for what cannot be meant, `unsupported` for more than 254 values. */
export function checkLabelSpaceConfig(config: LabelSpaceConfig): void {
  const refuse = (problem: string, got: unknown, expected?: unknown): never => {
    throw new SegError('invalid-argument', {
      where: WHERE,
      problem,
      got,
      ...(expected === undefined ? {} : { expected }),
    });
  };
  const { kind, channels, ignoreValue, paintOrder } = config;
  if (kind !== 'softmax' && kind !== 'sigmoid') refuse('unknown kind', kind, 'softmax | sigmoid');
  if (channels.length === 0) refuse('there are no channels', channels);
  const seen = new Set<string>();
  const owners = new Map<string, string>();
  for (const { name, values, dataset, paintedAs } of channels) {
    const id = JSON.stringify([dataset ?? null, name]);
    if (seen.has(id)) refuse('two channels have the same name', name);
    seen.add(id);
    if (values.length === 0) refuse(`channel ${name} has no values`, values);
    for (const value of [...values, ...(paintedAs === undefined ? [] : [paintedAs])]) {
      if (!Number.isSafeInteger(value)) refuse(`channel ${name} has a value that is no whole number`, value);
      if (value === 0) refuse(`channel ${name} claims the value 0, which is background`, values);
      if (value === ignoreValue) refuse(`channel ${name} claims the value of voxels to ignore`, value);
    }
    if (new Set(values).size !== values.length) refuse(`channel ${name} lists a value twice`, values);
    if (kind === 'sigmoid') continue;
    for (const value of values) {
      const owner = owners.get(JSON.stringify([dataset ?? null, value]));
      if (owner !== undefined)
        refuse(`classes ${owner} and ${name} claim the same value`, value, 'kind "sigmoid" for regions that overlap');
      owners.set(JSON.stringify([dataset ?? null, value]), name);
    }
  }
  if (ignoreValue !== undefined && (!Number.isSafeInteger(ignoreValue) || ignoreValue === 0)) {
    refuse('ignoreValue must be a whole number other than 0', ignoreValue);
  }
  if (paintOrder !== undefined) {
    const sorted = [...paintOrder].sort((a, b) => a - b);
    if (kind === 'softmax') refuse('classes that exclude each other have no paint order', paintOrder);
    if (sorted.length !== channels.length || sorted.some((n, i) => n !== i)) {
      refuse(
        'paintOrder must list every channel once',
        paintOrder,
        channels.map((_, i) => i),
      );
    }
  }
  const codes = new Set(
    channels.flatMap(({ values, dataset }) => values.map((v) => JSON.stringify([dataset ?? null, v]))),
  );
  if (codes.size > MOST_CODES) {
    throw new SegError('unsupported', {
      where: WHERE,
      problem: 'the labels have too many values',
      got: codes.size,
      expected: `at most ${MOST_CODES}`,
    });
  }
}
