import { SegError, type Triple, type Volume, voxelCount, voxelVolumeMl } from '@seg/core';
import { IGNORED_CLASS, type TrainingCase } from '@seg/train';
import { areaAverage } from './area-average.ts';
import type { CaseExtent, WorkingGrid } from './working-grid.ts';

/** A case on the working grid, with where it came from. */
export interface MapCase extends TrainingCase {
  /** 1 inside the label, 0 elsewhere, 255 (`IGNORED_CLASS`) where nobody annotated. */
  readonly label: Uint8Array;
  /** Voxel position, (z, y, x) on the scan's own grid, of the working grid's corner. */
  readonly start: Triple;
  /** Voxels of the scan in a voxel of the working grid, by axis. */
  readonly size: Triple;
  /** The working grid's voxel size, mm. */
  readonly spacingMm: Triple;
  /** Volume of the given label in ml, measured on the scan's own grid. */
  readonly volumeMl: number;
  /** How much of the label lies outside of the working grid, in cells of it; default 0. */
  readonly labelOutside?: number;
}

export interface MapCaseOptions {
  /** Label values that form the foreground; default: all above 0. */
  readonly labels?: readonly number[];
  /** Label value of voxels that nobody annotated; default none. */
  readonly ignoreLabel?: number;
}

/** Size of a case and of its label, for `planWorkingGrid`. */
export function measureExtent(image: Volume, label: Volume, options: MapCaseOptions = {}): CaseExtent {
  const { spacingMm, shape } = image;
  const size = (n: Triple): Triple => [n[0] * spacingMm[0], n[1] * spacingMm[1], n[2] * spacingMm[2]];
  const box = labelBox(label, foreground(options));
  if (box === undefined) return { imageMm: size(shape), spacingMm };
  const [low, high] = box;
  const extent: Triple = [high[0] - low[0], high[1] - low[1], high[2] - low[2]];
  const labelCentre = triple([0, 1, 2].map((a) => (low[a]! + high[a]!) / 2 / shape[a]!));
  return { imageMm: size(shape), labelMm: size(extent), labelCentre, spacingMm };
}

/**
 * Brings a scan and its label onto the working grid: every channel to mean 0 and deviation 1 over the scan, then means
 * over the cells. A cell is label where at least half of what was annotated of it is, and ignored where hardly anything
 * was annotated; cells outside of the scan are background, or ignored where only parts of the scan were annotated.
 *
 * @param options.patient whose scan it is, where others of the cases may be too; default the id
 * @throws SegError `shape-mismatch` when image and label differ in shape, `corrupt-data` for an image with values that are
 * not finite.
 */
export function prepareMapCase(
  id: string,
  image: Volume,
  label: Volume,
  grid: WorkingGrid,
  options: MapCaseOptions & { readonly patient?: string } = {},
): MapCase {
  if (image.shape.join() !== label.shape.join()) {
    throw new SegError('shape-mismatch', {
      where: `prepareMapCase: ${id}`,
      problem: 'image and label differ in shape',
      got: label.shape,
      expected: image.shape,
    });
  }
  const isForeground = foreground(options);
  const mask = Uint8Array.from(label.data, (v) => (isForeground(v) ? 1 : 0));
  const axes = [0, 1, 2] as const;
  const size = axes.map((a) => grid.spacingMm[a] / image.spacingMm[a]);
  const box = grid.centre === 'label' ? labelBox(label, isForeground) : undefined;
  const start = axes.map((a) => {
    const otherwise = grid.centre === 'label' ? (grid.emptyLabelsAt?.[a] ?? 0.5) : 0.5;
    const middle = box === undefined ? image.shape[a] * otherwise : (box[0][a] + box[1][a]) / 2;
    return Math.floor(middle - (grid.shape[a] * size[a]!) / 2);
  });
  const cells = { shape: grid.shape, start: triple(start), size: triple(size) };
  const voxels = voxelCount(image.shape);
  const cellCount = voxelCount(grid.shape);
  const working = new Float32Array(image.channels * cellCount);
  for (let c = 0; c < image.channels; c++) {
    const channel = standardise(id, image.data.subarray(c * voxels, (c + 1) * voxels));
    // Outside of the scan its darkest common value: most scans end in background.
    working.set(areaAverage(channel.data, image.shape, cells, channel.low), c * cellCount);
  }
  const part = areaAverage(mask, image.shape, cells);
  const { ignoreLabel } = options;
  // Outside of the scan there is nothing to see where all of it was annotated, and nobody looked where only parts were.
  const blank =
    ignoreLabel === undefined || !label.data.some((v) => v === ignoreLabel)
      ? new Float32Array(cellCount)
      : areaAverage(
          Uint8Array.from(label.data, (v) => (v === ignoreLabel ? 1 : 0)),
          image.shape,
          cells,
          1,
        );
  let labelled = 0;
  for (const v of mask) labelled += v;
  const labelCells = labelled / (size[0]! * size[1]! * size[2]!);
  const outside = labelCells - part.reduce((sum, v) => sum + v, 0);
  return {
    info: { id, patient: options.patient ?? id, labelled: true },
    shape: grid.shape,
    channels: image.channels,
    image: working,
    label: Uint8Array.from(part, (v, i) => {
      const annotated = 1 - blank[i]!;
      if (annotated < LEAST_ANNOTATED) return IGNORED_CLASS;
      return v >= 0.5 * annotated - 1e-6 ? 1 : 0;
    }),
    start: cells.start,
    size: cells.size,
    spacingMm: grid.spacingMm,
    volumeMl: labelled * voxelVolumeMl(image),
    // Sums of float32 parts are not exact.
    labelOutside: outside > 1e-4 * labelCells ? outside : 0,
  };
}

/** Whether a value counts as foreground. */
export function foreground({ labels, ignoreLabel }: MapCaseOptions): (value: number) => boolean {
  if (labels === undefined) return (value) => value > 0 && value !== ignoreLabel;
  const set = new Set(labels);
  return (value) => set.has(value);
}

/** Part of a cell that has to be annotated: single slices of sparsely annotated scans count. */
const LEAST_ANNOTATED = 0.1;

const triple = (v: readonly number[]): Triple => [v[0]!, v[1]!, v[2]!];

function standardise(id: string, values: ArrayLike<number>): { readonly data: Float32Array; readonly low: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
    squares += values[i]! ** 2;
  }
  if (!Number.isFinite(squares)) {
    throw new SegError('corrupt-data', {
      where: `prepareMapCase: ${id}`,
      problem: 'the image has values that are not finite',
      hint: 'Repair the scan, or leave the case out.',
    });
  }
  const mean = sum / values.length;
  const sd = Math.sqrt(Math.max(0, squares / values.length - mean ** 2)) || 1;
  const data = Float32Array.from(values, (v) => (v - mean) / sd);
  const sample = data.filter((_, i) => i % Math.max(1, Math.floor(data.length / 10_000)) === 0).sort();
  return { data, low: sample[Math.floor(sample.length * 0.05)]! };
}

/** Part of the label's voxels at each end of an axis that its box leaves out: single stray ones do not widen it. */
const STRAY_PART = 0.005;

function labelBox(label: Volume, isForeground: (value: number) => boolean): readonly [Triple, Triple] | undefined {
  const [depth, height, width] = label.shape;
  // Voxels of the label in each plane of each axis.
  const counts = label.shape.map((n) => new Float64Array(n));
  let total = 0;
  let i = 0;
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (!isForeground(label.data[i]!)) continue;
        counts[0]![z]!++;
        counts[1]![y]!++;
        counts[2]![x]!++;
        total++;
      }
    }
  }
  if (total === 0) return undefined;
  const stray = Math.floor(STRAY_PART * total);
  const first = (planes: Float64Array) => {
    let seen = 0;
    return planes.findIndex((count) => (seen += count) > stray);
  };
  const low = counts.map(first);
  const high = counts.map((planes) => planes.length - first(planes.toReversed()));
  return [triple(low), triple(high)];
}
