import { SegError, type Triple, type Volume, voxelCount } from '@seg/core';
import { type LabelMap, reorient } from '@seg/io';
import { type ClassCentres, classCentres, mirrorableAxes } from './mirror-axes.ts';

/** What one case tells about its data set, on RAS axes. */
export interface CaseFingerprint {
  /** (z, y, x). */
  readonly shape: Triple;
  readonly spacingMm: Triple;
  /** A sample of the foreground's values, by channel. */
  readonly foreground: readonly Float32Array[];
  /** Where the classes lie. */
  readonly centres: ClassCentres;
}

/** What a plan is made from. */
export interface Fingerprint {
  readonly cases: readonly { readonly shape: Triple; readonly spacingMm: Triple }[];
  /** Names of the channels; "CT" means Hounsfield units. */
  readonly channels: readonly string[];
  /** Number of foreground classes. */
  readonly foregroundClasses: number;
  /** By channel, over all cases; null where no case has foreground. */
  readonly foreground: readonly (ForegroundStatistics | null)[];
  /** Axes (0 = z) along which mirroring does not confuse classes. */
  readonly mirrorAxes: readonly number[];
}

export interface ForegroundStatistics {
  readonly mean: number;
  readonly standardDeviation: number;
  readonly percentile005: number;
  readonly percentile995: number;
}

/** Values kept of each case and channel: enough for percentiles over a data set. */
const VALUES_PER_CASE = 2000;

export interface CaseFingerprintOptions {
  /**
   * Label values that are foreground: those of the classes that were annotated in the case, without the value of voxels
   * that nobody annotated. Default: all above 0.
   */
  readonly foreground?: readonly number[];
}

/** Measures one case; `label` may be absent, then no foreground values are taken. */
export function fingerprintCase(
  image: Volume,
  given: LabelMap | undefined,
  options: CaseFingerprintOptions = {},
): CaseFingerprint {
  const turned = reorient(image, 'RAS');
  const label = given === undefined ? undefined : foregroundOf(given, options.foreground);
  const voxels = voxelCount(image.shape);
  const places: number[] = [];
  if (label !== undefined && label.data.length === voxels) {
    let count = 0;
    for (let i = 0; i < voxels; i++) if (label.data[i]! > 0) count++;
    const every = Math.max(1, Math.ceil(count / VALUES_PER_CASE));
    let seen = 0;
    for (let i = 0; i < voxels; i++) if (label.data[i]! > 0 && seen++ % every === 0) places.push(i);
  }
  const foreground = Array.from({ length: image.channels }, (_, c) =>
    Float32Array.from(places, (i) => image.data[c * voxels + i]!),
  );
  const centres = label === undefined ? new Map() : centresOnRasAxes(label);
  return { shape: turned.shape, spacingMm: turned.spacingMm, foreground, centres };
}

/** The label map with background in the place of every value that is no foreground. */
function foregroundOf(label: LabelMap, values: readonly number[] | undefined): LabelMap {
  if (values === undefined) return label;
  const foreground = new Set(values);
  return { ...label, data: label.data.map((value) => (foreground.has(value) ? value : 0)) };
}

function centresOnRasAxes(label: LabelMap): ClassCentres {
  const { data, shape } = reorient(label as Volume, 'RAS');
  return classCentres(data, shape);
}

/** Puts the cases of a data set together. */
export function combineFingerprints(
  cases: readonly CaseFingerprint[],
  channels: readonly string[],
  foregroundClasses: number,
): Fingerprint {
  if (cases.length === 0) {
    throw new SegError('invalid-argument', { where: 'combineFingerprints', problem: 'there are no cases' });
  }
  const foreground = channels.map((_, c) => statistics(cases.flatMap(({ foreground: f }) => [...(f[c] ?? [])])));
  return {
    cases: cases.map(({ shape, spacingMm }) => ({ shape, spacingMm })),
    channels,
    foregroundClasses,
    foreground,
    mirrorAxes: mirrorableAxes(cases.map(({ centres }) => centres)),
  };
}

/** The p-quantile of sorted values, linear between neighbours as in NumPy. */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  const at = p * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
}

function statistics(values: readonly number[]): ForegroundStatistics | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const mean = sorted.reduce((a, b) => a + b, 0) / sorted.length;
  const variance = sorted.reduce((a, b) => a + (b - mean) ** 2, 0) / sorted.length;
  return {
    mean,
    standardDeviation: Math.sqrt(variance),
    percentile005: quantile(sorted, 0.005),
    percentile995: quantile(sorted, 0.995),
  };
}
