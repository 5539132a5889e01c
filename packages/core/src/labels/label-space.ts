import { SegError } from '../errors.ts';
import { checkLabelSpaceConfig, type LabelChannel, type LabelSpaceConfig } from './label-space-config.ts';

/** Code of voxels that nobody annotated. */
export const IGNORED_CODE = 255;

/** What is known of the annotation of a case. */
export interface CaseAnnotation {
  /** Its data set; default: one that all channels belong to. */
  readonly dataset?: string;
  /** Values that its annotator looked for; default: all of its data set. */
  readonly annotated?: readonly number[];
}

/** A label, or a region of several, as metrics take it. */
export interface NamedRegion {
  readonly name: string;
  readonly values: readonly number[];
}

/**
 * The one home of labels: turns label maps into what networks are trained on, and scores of networks into label maps.
 *
 * In between, label maps hold *codes*: 0 for background, 1, 2, ... for the values that any channel knows, 255 for voxels
 * that nobody annotated. Codes survive augmentation, which moves voxels but never mixes them, and belong to channels by
 * `membership`.
 */
export class LabelSpace {
  readonly config: LabelSpaceConfig;
  /** Channels of the network's logits. */
  readonly channels: number;
  /** Codes in use, background included. */
  readonly codes: number;
  /** [codes, channels], 1 where voxels of a code belong to a channel. */
  readonly membership: Float32Array;
  readonly #codeOf = new Map<string, number>();
  readonly #paintOrder: readonly number[];

  /** @throws SegError for a configuration that cannot be meant. */
  constructor(config: LabelSpaceConfig) {
    checkLabelSpaceConfig(config);
    this.config = config;
    const { kind, channels } = config;
    const first = kind === 'softmax' ? 1 : 0;
    this.channels = channels.length + first;
    this.#paintOrder = config.paintOrder ?? channels.map((_, i) => i);
    for (const { dataset, values } of channels) {
      for (const value of values) {
        const key = keyOf(dataset, value);
        if (!this.#codeOf.has(key)) this.#codeOf.set(key, this.#codeOf.size + 1);
      }
    }
    this.codes = this.#codeOf.size + 1;
    this.membership = new Float32Array(this.codes * this.channels);
    if (kind === 'softmax') this.membership[0] = 1;
    channels.forEach(({ dataset, values }, i) => {
      for (const value of values)
        this.membership[this.#codeOf.get(keyOf(dataset, value))! * this.channels + first + i] = 1;
    });
  }

  /** The listed channel behind channel `index` of the logits; undefined for the background of `softmax`. */
  channel(index: number): LabelChannel | undefined {
    return this.config.channels[index - (this.config.kind === 'softmax' ? 1 : 0)];
  }

  /**
   * The codes of a label map's values.
   *
   * @param values [voxels], as the file holds them.
   * @throws SegError `invalid-argument` naming values that no channel of the case's data set knows.
   */
  encode(values: ArrayLike<number>, { dataset }: CaseAnnotation = {}): Uint8Array {
    const { ignoreValue } = this.config;
    const codes = new Uint8Array(values.length);
    const known = new Map<number, number>([[0, 0]]);
    if (ignoreValue !== undefined) known.set(ignoreValue, IGNORED_CODE);
    for (let i = 0; i < codes.length; i++) {
      const value = values[i]!;
      let code = known.get(value);
      if (code === undefined) {
        code = this.#codeOf.get(keyOf(dataset, value)) ?? this.#codeOf.get(keyOf(undefined, value));
        if (code === undefined) throw this.#unknown(values, dataset);
        known.set(value, code);
      }
      codes[i] = code;
    }
    return codes;
  }

  /**
   * [channels], 1 where the annotator of a case looked for a channel's structure, 0 where its absence means nothing: a
   * channel of another data set, or one with a value that was not looked for. The background of `softmax` is always 1.
   */
  annotatedChannels({ dataset, annotated }: CaseAnnotation): Float32Array {
    return Float32Array.from({ length: this.channels }, (_, c) => {
      const channel = this.channel(c);
      if (channel === undefined) return 1;
      if (channel.dataset !== undefined && dataset !== undefined && channel.dataset !== dataset) return 0;
      return annotated === undefined || channel.values.every((value) => annotated.includes(value)) ? 1 : 0;
    });
  }

  /**
   * The label map of scores: of `softmax` the largest channel, of `sigmoid` the channels above one half, painted in order.
   *
   * @param scores probabilities (of `softmax` also logits), `scores[voxel * voxelStride + channel * channelStride]`.
   * @param options.only channels that take part, such as those of one data set; default all. Background always does.
   * @returns values as label maps hold them, uint8 where they fit.
   */
  decode(
    scores: Float32Array,
    options: {
      readonly voxels: number;
      readonly voxelStride: number;
      readonly channelStride: number;
      readonly only?: (channel: LabelChannel) => boolean;
    },
  ): Uint8Array | Int32Array {
    const { voxels, voxelStride, channelStride, only } = options;
    const first = this.config.kind === 'softmax' ? 1 : 0;
    const chosen = this.#paintOrder.filter((i) => only?.(this.config.channels[i]!) ?? true);
    const painted = this.config.channels.map(paintedValue);
    const isByte = painted.every((value) => value >= 0 && value < 256);
    const labels = isByte ? new Uint8Array(voxels) : new Int32Array(voxels);
    for (let v = 0; v < voxels; v++) {
      const at = v * voxelStride;
      let best = first === 1 ? scores[at]! : 0.5;
      for (const i of chosen) {
        const score = scores[at + (i + first) * channelStride]!;
        if (!(score > best)) continue;
        labels[v] = painted[i]!;
        if (first === 1) best = score;
      }
    }
    return labels;
  }

  /** What is scored and reported, in the order of the channels; of one data set's protocol where one is named. */
  evaluated({ dataset }: { readonly dataset?: string } = {}): readonly NamedRegion[] {
    return this.config.channels
      .filter((c) => dataset === undefined || c.dataset === undefined || c.dataset === dataset)
      .map(({ name, values }) => ({ name, values }));
  }

  #unknown(values: ArrayLike<number>, dataset: string | undefined): SegError {
    const { ignoreValue, channels } = this.config;
    const isKnown = (value: number) =>
      value === 0 || value === ignoreValue || [dataset, undefined].some((d) => this.#codeOf.has(keyOf(d, value)));
    const unknown = new Set<number>();
    for (let i = 0; i < values.length && unknown.size < 8; i++) if (!isKnown(values[i]!)) unknown.add(values[i]!);
    return new SegError('invalid-argument', {
      where: 'LabelSpace.encode',
      problem: `the label map has values that stand for nothing${dataset === undefined ? '' : ` in ${dataset}`}`,
      got: [...unknown],
      expected: [0, ...new Set(channels.flatMap((c) => c.values)), ...(ignoreValue === undefined ? [] : [ignoreValue])],
      hint: 'Declare them in the data set, or mend the file; `seg verify` lists such cases.',
    });
  }
}

/** Value that a channel is painted with. */
export function paintedValue({ paintedAs, values }: LabelChannel): number {
  return paintedAs ?? values[0]!;
}

function keyOf(dataset: string | undefined, value: number): string {
  return `${dataset === undefined ? '' : JSON.stringify(dataset)}:${value}`;
}
