import { nearestName, SegError } from '@seg/core';

/** Closed interval, ends in order. */
export type Range = readonly [number, number];

/** Applied to a patch with this probability. */
export interface Chance {
  readonly probability: number;
}

/** Where a patch is drawn, each channel takes part with this probability. */
export interface ChannelChance extends Chance {
  /** Default 1. */
  readonly channelProbability?: number;
}

/**
 * What `augmentPatch` does, as plain JSON; a transform that is not named is not applied. Transforms come in the order
 * of this interface, the spatial ones in a single resampling.
 *
 * Ranges of factors (`scale`, `brightness`, `contrast`, `gamma`) that contain 1 are drawn from either side of 1 with
 * equal probability, then uniformly; a `scale` that is not `balanced` uniformly from the whole range.
 */
export interface AugmentationConfig {
  /** Of images; labels always take the nearest voxel. Default `linear`. */
  readonly interpolation?: 'linear' | 'cubic';
  /** What lies outside of the patch: a value (labels: 0) or `edge`. Default 0. */
  readonly border?: number | 'edge';
  /** Spatial transforms and low resolution leave the z axis alone (2-D networks, thick slices). Default false. */
  readonly inPlaneOnly?: boolean;
  /** Degrees about each axis, or [z, y, x] ranges. */
  readonly rotation?: Chance & { readonly degrees: Range | readonly [Range, Range, Range] };
  /** Factor on coordinates: above 1 the object shrinks. One draw for all axes unless `perAxis`; `balanced` by default. */
  readonly scale?: Chance & { readonly factor: Range; readonly perAxis?: boolean; readonly balanced?: boolean };
  /** Voxels along each axis. */
  readonly shift?: Chance & { readonly voxels: Range };
  readonly elastic?: Chance & { readonly standardDeviationVoxels: Range; readonly controlSpacingVoxels?: number };
  /** Radial stretch about the centre of the patch, radius R as a fraction of the mean patch size. */
  readonly stretch?: Chance & { readonly strength: Range; readonly radiusFraction: number };
  /** Each channel its own noise; with `sameInChannels` one noise for all of them. */
  readonly gaussianNoise?: Chance & { readonly standardDeviation: Range; readonly sameInChannels?: boolean };
  /** For images in [0, 1]. */
  readonly ricianNoise?: Chance & { readonly standardDeviation: Range };
  /** One draw for all axes unless `perAxis`. */
  readonly gaussianBlur?: ChannelChance & { readonly sigmaVoxels: Range; readonly perAxis?: boolean };
  readonly brightness?: ChannelChance & { readonly factor: Range };
  readonly contrast?: ChannelChance & { readonly factor: Range; readonly preserveRange?: boolean };
  /** Down by the nearest voxel, up by a `cubic` spline (default) or `linear`. */
  readonly lowResolution?: ChannelChance & { readonly zoom: Range; readonly upsampling?: 'cubic' | 'linear' };
  readonly gammaInverted?: ChannelChance & { readonly gamma: Range; readonly retainStatistics?: boolean };
  readonly gamma?: ChannelChance & { readonly gamma: Range; readonly retainStatistics?: boolean };
  /** Each of the axes (0 = z, 1 = y, 2 = x) with the probability. */
  readonly mirror?: Chance & { readonly axes: readonly number[] };
}

const PLAIN_KEYS = ['interpolation', 'border', 'inPlaneOnly'] as const;

/** Keys of each transform besides `probability`; the first list must be there. */
const TRANSFORM_KEYS: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  rotation: [['degrees'], []],
  scale: [['factor'], ['perAxis', 'balanced']],
  shift: [['voxels'], []],
  elastic: [['standardDeviationVoxels'], ['controlSpacingVoxels']],
  stretch: [['strength', 'radiusFraction'], []],
  gaussianNoise: [['standardDeviation'], ['sameInChannels']],
  ricianNoise: [['standardDeviation'], []],
  gaussianBlur: [['sigmaVoxels'], ['channelProbability', 'perAxis']],
  brightness: [['factor'], ['channelProbability']],
  contrast: [['factor'], ['channelProbability', 'preserveRange']],
  lowResolution: [['zoom'], ['channelProbability', 'upsampling']],
  gammaInverted: [['gamma'], ['channelProbability', 'retainStatistics']],
  gamma: [['gamma'], ['channelProbability', 'retainStatistics']],
  mirror: [['axes'], []],
};

const RANGE_KEYS = [
  'factor',
  'voxels',
  'standardDeviationVoxels',
  'strength',
  'standardDeviation',
  'sigmaVoxels',
  'zoom',
  'gamma',
];

/** Lowest value that a range may contain; above it where the second number is true. */
const LOWEST: Readonly<Record<string, number>> = {
  factor: 0,
  standardDeviationVoxels: 0,
  standardDeviation: 0,
  sigmaVoxels: 0,
  zoom: 0,
  gamma: 0,
  strength: -1,
};

const checked = new WeakSet<object>();

/**
 * Checks an augmentation config from outside, such as a JSON file.
 *
 * @throws SegError `unknown-option` for a transform or key that does not exist (naming the nearest), `invalid-argument`
 * for probabilities outside [0, 1] and ranges that are no such thing.
 */
export function checkAugmentationConfig(config: AugmentationConfig): AugmentationConfig {
  if (typeof config !== 'object' || config === null) throw invalid('the config must be an object', config);
  if (checked.has(config)) return config;
  for (const [name, value] of Object.entries(config)) {
    if (value === undefined) continue;
    if ((PLAIN_KEYS as readonly string[]).includes(name)) checkPlain(name, value);
    else checkTransform(name, value);
  }
  checked.add(config);
  return config;
}

function checkPlain(name: string, value: unknown): void {
  const valid =
    name === 'interpolation'
      ? value === 'linear' || value === 'cubic'
      : name === 'border'
        ? value === 'edge' || Number.isFinite(value)
        : typeof value === 'boolean';
  if (!valid) throw invalid(`${name} has no meaning`, value);
}

function checkTransform(name: string, value: unknown): void {
  const keys = TRANSFORM_KEYS[name];
  if (keys === undefined) throw unknown('transform', name, [...Object.keys(TRANSFORM_KEYS), ...PLAIN_KEYS]);
  if (typeof value !== 'object' || value === null) throw invalid(`${name} must be an object`, value);
  const transform = value as Record<string, unknown>;
  const [required, optional] = keys;
  for (const key of Object.keys(transform)) {
    const known = ['probability', ...required, ...optional];
    if (!known.includes(key)) throw unknown(`key of ${name}`, key, known);
  }
  for (const key of ['probability', ...required]) {
    if (transform[key] === undefined) throw invalid(`${name}.${key} is missing`, value);
  }
  for (const key of ['probability', 'channelProbability']) {
    const p = transform[key];
    if (p !== undefined && !(typeof p === 'number' && p >= 0 && p <= 1)) {
      throw invalid(`${name}.${key} must be in [0, 1]`, p);
    }
  }
  for (const key of RANGE_KEYS)
    if (transform[key] !== undefined) checkRange(`${name}.${key}`, transform[key], LOWEST[key]);
  if (name === 'rotation') {
    const degrees = transform.degrees as unknown[];
    if (Array.isArray(degrees) && degrees.length === 3)
      for (const range of degrees) checkRange('rotation.degrees', range);
    else checkRange('rotation.degrees', degrees);
  }
  if (name === 'mirror') {
    const axes = transform.axes;
    if (!Array.isArray(axes) || !axes.every((a) => a === 0 || a === 1 || a === 2)) {
      throw invalid('mirror.axes must list 0 (z), 1 (y) or 2 (x)', axes);
    }
  }
  for (const key of ['perAxis', 'balanced', 'sameInChannels']) {
    const flag = transform[key];
    if (flag !== undefined && typeof flag !== 'boolean') throw invalid(`${name}.${key} must be true or false`, flag);
  }
  const { upsampling = 'cubic' } = transform;
  if (upsampling !== 'cubic' && upsampling !== 'linear') {
    throw invalid(`${name}.upsampling must be cubic or linear`, upsampling);
  }
  if (name === 'lowResolution' && !((transform.zoom as Range)[1] <= 1)) {
    throw invalid('lowResolution.zoom must not exceed 1', transform.zoom);
  }
}

function checkRange(name: string, value: unknown, lowest = Number.NEGATIVE_INFINITY): void {
  const valid =
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((v) => typeof v === 'number' && Number.isFinite(v) && v >= lowest) &&
    value[0] <= value[1];
  if (!valid)
    throw invalid(`${name} must be a range [low, high]${lowest > -1e9 ? ` of at least ${lowest}` : ''}`, value);
}

function invalid(problem: string, got: unknown): SegError {
  return new SegError('invalid-argument', { where: 'checkAugmentationConfig', problem, got });
}

function unknown(what: string, got: string, known: readonly string[]): SegError {
  const near = nearestName(got, known);
  return new SegError('unknown-option', {
    where: 'checkAugmentationConfig',
    problem: `unknown ${what}`,
    got,
    expected: known.join(' | '),
    ...(near === undefined ? {} : { hint: `Did you mean "${near}"?` }),
  });
}
