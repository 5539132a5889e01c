import { checkOption, SegError, type VoxelArray } from '@seg/core';
import { checkGrid, checkVoxels, type Grid, type PlacedGridOptions } from '../grid.ts';
import { type Membership, membershipOf } from '../membership.ts';
import { ratio } from '../overlap/ratio.ts';
import { asd, assd } from '../surface/average-surface-distance.ts';
import { type Box, joinBoxes } from '../surface/bounding-box.ts';
import { countVoxels, cropPair } from '../surface/crop.ts';
import { hausdorffDistance, hd95 } from '../surface/hausdorff-distance.ts';
import { surfaceDice } from '../surface/surface-dice.ts';
import { distancesOfPair, SURFACE_CONVENTIONS, type SurfaceConvention } from '../surface/surface-distances.ts';
import { labelBoxes } from './label-boxes.ts';

/** A label to evaluate: one value of the label map, or a named region made of several. */
export type EvaluatedLabel = number | { readonly name: string; readonly values: readonly number[] };

/** What `evaluateSegmentation` compares, and how. */
export interface EvaluationOptions extends PlacedGridOptions {
  /** Label map, one integer a voxel. */
  readonly prediction: VoxelArray;
  readonly reference: VoxelArray;
  /** Default: every value other than 0 that occurs in either map where the reference is not ignored. */
  readonly labels?: readonly EvaluatedLabel[];
  /**
   * Values of the reference for voxels that nobody annotated; default none. Such voxels count in no measure, as if they
   * lay outside of the image: they belong to neither map, so that a structure that reaches them has a surface there, in
   * both maps alike, and volumes are of the voxels that count.
   */
  readonly ignoreLabels?: readonly number[];
  /** Default `monai`. */
  readonly convention?: SurfaceConvention;
  /** Tolerance of the surface Dice; default 1. */
  readonly toleranceMm?: number;
}

/** The measures of one label in one case. Undefined measures are NaN; distances to an empty mask are Infinity. */
export interface LabelEvaluation {
  /** The label's value as text, or its region's name. */
  readonly label: string;
  readonly dice: number;
  readonly jaccard: number;
  readonly sensitivity: number;
  readonly precision: number;
  readonly hdMm: number;
  readonly hd95Mm: number;
  /** Mean distance from the prediction's surface to the reference's. */
  readonly asdMm: number;
  readonly assdMm: number;
  readonly nsd: number;
  readonly volumeMl: number;
  readonly referenceVolumeMl: number;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly emptyPrediction: boolean;
  readonly emptyReference: boolean;
}

/** The measures of one case. */
export interface CaseEvaluation {
  readonly labels: readonly LabelEvaluation[];
  readonly shape: readonly number[];
  readonly spacingMm: readonly number[];
  /** Length of the image's diagonal: the penalty for an infinite distance, if a cohort asks for one. */
  readonly diagonalMm: number;
  readonly convention: SurfaceConvention;
  readonly toleranceMm: number;
  /** Values of the reference that did not count, in ascending order. */
  readonly ignoreLabels: readonly number[];
}

/**
 * Overlap, surface and volume measures of every label of a predicted label map.
 *
 * Each map is read once for all labels' boxes; everything else happens within the box of each label. For an image
 * (2-D shape) volumes are areas times 1 mm. Where every voxel is ignored there is nothing to measure, and no label is
 * listed.
 *
 * @example
 * const evaluation = evaluateSegmentation({
 *   prediction: Uint8Array.of(0, 1, 2, 2), reference: Uint8Array.of(0, 1, 1, 2),
 *   shape: [1, 2, 2], spacingMm: [3, 1, 1], labels: [1, 2],
 * });
 * evaluation.labels[0].dice; // 2/3
 *
 * @throws SegError `shape-mismatch` if a map does not fill the shape, `invalid-argument` for bad grids, labels or
 * tolerances, for values that are no integers and for labels that are both evaluated and ignored, `unknown-option` for an
 * unknown convention.
 */
export function evaluateSegmentation(options: EvaluationOptions): CaseEvaluation {
  const where = 'evaluateSegmentation';
  const { prediction, reference, convention = 'monai', toleranceMm = 1 } = options;
  checkOption(where, 'convention', convention, SURFACE_CONVENTIONS);
  if (!(toleranceMm >= 0 && toleranceMm < Number.POSITIVE_INFINITY)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'the tolerance must be a number of mm, 0 or more',
      got: toleranceMm,
    });
  }
  const grid = checkGrid(where, options);
  checkVoxels(where, 'prediction', prediction, grid.voxels);
  checkVoxels(where, 'reference', reference, grid.voxels);
  const boxes = labelBoxes(where, [prediction, reference], grid);
  const ignoreLabels = [...new Set(options.ignoreLabels ?? [])].sort((a, b) => a - b);
  const found = [...boxes.keys()].filter((value) => !ignoreLabels.includes(value));
  const labels = checkLabels(where, options.labels ?? found.sort((a, b) => a - b));
  checkIgnored(where, labels, ignoreLabels);
  const ignored = ignoreLabels.length === 0 ? undefined : membershipOf(where, ignoreLabels);
  const evaluate = (label: { name: string; values: readonly number[] }): LabelEvaluation => {
    const box = label.values.includes(0)
      ? { low: [0, 0, 0] as const, high: [grid.shape[0] - 1, grid.shape[1] - 1, grid.shape[2] - 1] as const }
      : joinBoxes(label.values.map((value) => boxes.get(value)));
    return evaluateLabel(where, label, box, grid, prediction, reference, convention, toleranceMm, ignored);
  };
  const { shape, spacingMm } = grid;
  const rows = ignored !== undefined && countsNowhere(reference, ignored) ? [] : labels.map(evaluate);
  // A value that occurs among ignored voxels alone was not found.
  const isFound = (row: LabelEvaluation) => options.labels !== undefined || !row.emptyPrediction || !row.emptyReference;
  return {
    labels: rows.filter(isFound),
    shape: shape.slice(3 - grid.dims),
    spacingMm: spacingMm.slice(3 - grid.dims),
    diagonalMm: diagonalOf(grid),
    convention,
    toleranceMm,
    ignoreLabels,
  };
}

function countsNowhere(reference: VoxelArray, { has }: Membership): boolean {
  for (let i = 0; i < reference.length; i++) if (!has(reference[i]!)) return false;
  return true;
}

/** The longest line through the grid, from corner to opposite corner. */
function diagonalOf({ dims, shape, spacingMm, axesMm }: Grid): number {
  if (axesMm === undefined) {
    return Math.hypot(...[0, 1, 2].slice(3 - dims).map((axis) => shape[axis as 0] * spacingMm[axis as 0]));
  }
  const [z, y, x] = axesMm;
  const along = (signY: number, signX: number) =>
    Math.hypot(...z.map((step, row) => shape[0] * step + signY * shape[1] * y[row]! + signX * shape[2] * x[row]!));
  return Math.max(along(1, 1), along(1, -1), along(-1, 1), along(-1, -1));
}

function evaluateLabel(
  where: string,
  { name, values }: { name: string; values: readonly number[] },
  box: Box | undefined,
  grid: Grid,
  prediction: VoxelArray,
  reference: VoxelArray,
  convention: SurfaceConvention,
  toleranceMm: number,
  ignored: Membership | undefined,
): LabelEvaluation {
  const pair = box && cropPair(where, prediction, reference, grid, membershipOf(where, values), box, ignored);
  const [predicted, real, both] = pair ? countVoxels(pair) : [0, 0, 0];
  const distances = distancesOfPair(pair, grid, convention);
  const voxelMl = grid.voxelMm3 / 1000;
  return {
    label: name,
    dice: ratio(where, 2 * both, predicted + real),
    jaccard: ratio(where, both, predicted + real - both),
    sensitivity: ratio(where, both, real),
    precision: ratio(where, both, predicted),
    hdMm: hausdorffDistance(distances),
    hd95Mm: hd95(distances),
    asdMm: asd(distances),
    assdMm: assd(distances),
    nsd: surfaceDice(distances, toleranceMm),
    volumeMl: predicted * voxelMl,
    referenceVolumeMl: real * voxelMl,
    truePositives: both,
    falsePositives: predicted - both,
    falseNegatives: real - both,
    emptyPrediction: predicted === 0,
    emptyReference: real === 0,
  };
}

function checkIgnored(
  where: string,
  labels: readonly { readonly name: string; readonly values: readonly number[] }[],
  ignoreLabels: readonly number[],
): void {
  const both = labels.find(({ values }) => values.some((value) => ignoreLabels.includes(value)));
  if (both === undefined && ignoreLabels.every(Number.isInteger)) return;
  throw new SegError('invalid-argument', {
    where,
    problem: both === undefined ? 'labels to ignore must be integers' : 'a label is both evaluated and ignored',
    got: both?.name ?? ignoreLabels,
    hint: 'Ignored voxels count nowhere, so there is nothing to evaluate of them.',
  });
}

function checkLabels(where: string, labels: readonly EvaluatedLabel[]): { name: string; values: readonly number[] }[] {
  const checked = labels.map((label) =>
    typeof label === 'number' ? { name: String(label), values: [label] } : { name: label.name, values: label.values },
  );
  for (const { name, values } of checked) {
    if (
      typeof name !== 'string' ||
      name === '' ||
      !Array.isArray(values) ||
      values.length === 0 ||
      !values.every(Number.isInteger)
    ) {
      throw new SegError('invalid-argument', {
        where,
        problem: 'a label must be an integer or a region with a name and integer values',
        got: { name, values },
      });
    }
  }
  if (new Set(checked.map(({ name }) => name)).size < checked.length) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'two labels have the same name',
      got: checked.map(({ name }) => name),
    });
  }
  return checked;
}
