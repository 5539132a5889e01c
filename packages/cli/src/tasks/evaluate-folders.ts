import { SegError } from '@seg/core';
import { type Grid, gridDistance } from '@seg/io';
import { readLabelMap } from '@seg/io/node';
import type { SurfaceConvention } from '@seg/metrics';
import { CohortEvaluation, type CohortOptions, type EvaluatedLabel, evaluateSegmentation } from '@seg/metrics';
import { checkAborted } from './check-aborted.ts';
import { type LabelMapPair, pairLabelMaps } from './pair-label-maps.ts';

export interface EvaluateFoldersOptions extends CohortOptions {
  /** Labels and regions. Default: every value above 0 that occurs anywhere in the predictions or their references. */
  readonly labels?: readonly EvaluatedLabel[];
  /** Default `monai`. */
  readonly convention?: SurfaceConvention;
  /** Tolerance of the surface Dice. Default 1. */
  readonly toleranceMm?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** Receives sentences about what is odd but no error. */
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/** Affines may differ by rounding in a header; above this many voxels the two maps lie in different places. */
const GRID_TOLERANCE_VOXELS = 0.1;

/**
 * Compares every label map of one folder with the one of its name in another, whatever the two file types; see
 * `pairLabelMaps` for names.
 *
 * @throws SegError `not-found` for a missing folder, no predictions or predictions without reference (all are named);
 * `invalid-argument` for names that can be paired in two ways; `corrupt-data` naming every pair that cannot be compared.
 */
export async function evaluateFolders(
  prediction: string,
  reference: string,
  options: EvaluateFoldersOptions = {},
): Promise<CohortEvaluation> {
  const { convention = 'monai', toleranceMm = 1, emptyDistances = 'skip', onProgress, onWarning, signal } = options;
  const pairs = await pairLabelMaps(prediction, reference, onWarning);
  const total = 2 * pairs.length;
  const found = new Set<number>();
  const problems: string[] = [];
  for (const [i, pair] of pairs.entries()) {
    checkAborted('evaluateFolders', signal);
    try {
      const maps = await readPair(pair, onWarning);
      for (const map of maps) for (const value of map.data) if (value !== 0) found.add(value);
    } catch (error) {
      if (!(error instanceof SegError)) throw error;
      problems.push(error.message.replace(/\.$/, ''));
    }
    onProgress?.(i + 1, total);
  }
  if (problems.length > 0) {
    throw new SegError('corrupt-data', {
      where: 'evaluateFolders',
      problem: `${problems.length} of ${pairs.length} cases cannot be compared:\n  ${problems.slice(0, 20).join('\n  ')}${problems.length > 20 ? `\n  and ${problems.length - 20} more` : ''}`,
      hint: 'Mend or remove these files; nothing was written.',
    });
  }
  const labels = options.labels ?? [...found].sort((a, b) => a - b);
  const cohort = new CohortEvaluation({ emptyDistances });
  for (const [i, pair] of pairs.entries()) {
    checkAborted('evaluateFolders', signal);
    const [predicted, real] = await readPair(pair);
    const { shape, spacingMm } = real;
    const maps = { prediction: predicted.data, reference: real.data };
    cohort.add(pair.id, evaluateSegmentation({ ...maps, shape, spacingMm, labels, convention, toleranceMm }));
    onProgress?.(pairs.length + i + 1, total);
  }
  return cohort;
}

async function readPair(pair: LabelMapPair, onWarning?: (message: string) => void) {
  const predicted = await readLabelMap(pair.prediction);
  const real = await readLabelMap(pair.reference);
  if (predicted.shape.join() !== real.shape.join()) {
    throw new SegError('shape-mismatch', {
      where: pair.prediction,
      problem: `the prediction and ${pair.reference} differ in shape`,
      got: predicted.shape,
      expected: real.shape,
      hint: 'Predict on the image that the reference was drawn on.',
    });
  }
  if (gridDistance(real as Grid, predicted as Grid) > GRID_TOLERANCE_VOXELS) {
    onWarning?.(`${pair.prediction} and ${pair.reference} lie in different places; compared voxel by voxel`);
  }
  return [predicted, real] as const;
}
