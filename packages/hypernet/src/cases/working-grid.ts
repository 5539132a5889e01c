import { SegError, type Triple } from '@seg/core';

/** The grid that all cases of a map are brought to: small enough to train on, the same for every case. */
export interface WorkingGrid {
  /** (z, y, x). */
  readonly shape: Triple;
  /** mm (z, y, x). */
  readonly spacingMm: Triple;
  /** What lies in the middle of the grid: the scan's own middle, or that of the label's box (see `CaseExtent`). */
  readonly centre: 'image' | 'label';
  /**
   * With `centre: 'label'`, where the middle of the grid lies in scans whose label is empty, as parts of the scan's sizes
   * (z, y, x); default their middle.
   */
  readonly emptyLabelsAt?: Triple;
}

/** What must be known of a case to choose a grid. */
export interface CaseExtent {
  /** Size of the image in mm (z, y, x). */
  readonly imageMm: Triple;
  /** Size in mm of the box that holds the label but for 0.5 % at each end of an axis; absent for an empty label. */
  readonly labelMm?: Triple;
  /** Middle of that box, as parts of the image's sizes (z, y, x). */
  readonly labelCentre?: Triple;
  /** Voxel size in mm. */
  readonly spacingMm: Triple;
}

export interface WorkingGridOptions {
  /** Most voxels of the grid. Default 40 000. */
  readonly voxels?: number;
  /** Sizes are multiples of this, 2 to the number of downsamplings. Default 2. */
  readonly multiple?: number;
}

/** The box is this much larger than the 95th percentile of the labels' boxes. */
const MARGIN = 1.3;
/** Sizes that exceed a whole number by this part of a step are that number. */
const ROUNDING = 1e-6;
/** Scans larger than this many label boxes are cut around the label, smaller ones around their middle. */
const CUT_AROUND_LABEL = 1.6;

/**
 * Chooses a grid that holds nearly all labels with a margin at the finest spacing that the number of voxels allows,
 * never finer than the scans. Scans that are little larger than their labels are taken whole.
 *
 * @throws SegError `invalid-argument` when no case has a label, and for sizes that are no positive whole numbers.
 */
export function planWorkingGrid(extents: readonly CaseExtent[], options: WorkingGridOptions = {}): WorkingGrid {
  const { voxels = 40_000, multiple = 2 } = options;
  if (![voxels, multiple].every((n) => Number.isInteger(n) && n > 0)) {
    throw new SegError('invalid-argument', {
      where: 'planWorkingGrid',
      problem: 'voxels and multiple must be positive whole numbers',
      got: { voxels, multiple },
    });
  }
  const labelled = extents.filter((e) => e.labelMm !== undefined);
  if (labelled.length === 0) {
    throw new SegError('invalid-argument', {
      where: 'planWorkingGrid',
      problem: 'no case has a voxel of the label',
      got: extents.length,
      hint: 'Check the label value.',
    });
  }
  const axes = [0, 1, 2] as const;
  const label = axes.map((a) =>
    percentile(
      labelled.map((e) => e.labelMm![a]),
      0.95,
    ),
  );
  const image = axes.map((a) =>
    percentile(
      extents.map((e) => e.imageMm[a]),
      0.5,
    ),
  );
  const native = axes.map((a) =>
    percentile(
      extents.map((e) => e.spacingMm[a]),
      0.5,
    ),
  );
  const centre = axes.some((a) => image[a]! > CUT_AROUND_LABEL * label[a]!) ? 'label' : 'image';
  const box = axes.map((a) =>
    centre === 'image' ? image[a]! : Math.min(image[a]!, Math.max(MARGIN * label[a]!, label[a]! + 4 * native[a]!)),
  );
  // The coarser of the native spacing and one common spacing, which grows until the box fits.
  const finest = Math.min(...native);
  for (let common = finest; ; common *= 1.05) {
    const spacing = native.map((s) => Math.max(s, common));
    // Rounded up: what a grid cuts off of stacks of few slices are the ends of labels.
    const shape = box.map((mm, a) => multiple * Math.max(1, Math.ceil(mm / spacing[a]! / multiple - ROUNDING)));
    if (shape.reduce((p, n) => p * n, 1) <= voxels || common > Math.max(...box)) {
      return {
        shape: triple(shape),
        spacingMm: triple(spacing),
        centre,
        ...(centre === 'label' ? placeOfEmptyLabels(labelled) : {}),
      };
    }
  }
}

/** Where the middles of the labels lie for the most part. */
function placeOfEmptyLabels(labelled: readonly CaseExtent[]): Pick<WorkingGrid, 'emptyLabelsAt'> {
  const centres = labelled.flatMap(({ labelCentre }) => (labelCentre === undefined ? [] : [labelCentre]));
  if (centres.length === 0) return {};
  const median = (a: 0 | 1 | 2) =>
    percentile(
      centres.map((c) => c[a]),
      0.5,
    );
  return { emptyLabelsAt: [median(0), median(1), median(2)] };
}

const triple = (v: readonly number[]): Triple => [v[0]!, v[1]!, v[2]!];

function percentile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.round(q * (sorted.length - 1)))]!;
}
