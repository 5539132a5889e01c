import { SegError } from '@seg/core';
import { type Grid, gridDistance } from '@seg/io';
import { readLabelMap } from '@seg/io/node';
import type { SurfaceConvention } from '@seg/metrics';
import { CohortEvaluation, type CohortOptions, type EvaluatedLabel, evaluateSegmentation } from '@seg/metrics';
import { checkAborted } from './check-aborted.ts';
import { type LabelMapPair, pairLabelMaps } from './pair-label-maps.ts';

export interface EvaluateFoldersOptions extends CohortOptions {
  /**
   * Labels and regions. Default: every value above 0 that occurs anywhere in the predictions or their references where
   * the reference is not ignored.
   */
  readonly labels?: readonly EvaluatedLabel[];
  /** Values of the references for voxels that nobody annotated, which count in no measure. Default none. */
  readonly ignoreLabels?: readonly number[];
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
  const { ignoreLabels = [] } = options;
  const pairs = await pairLabelMaps(prediction, reference, onWarning);
  const total = 2 * pairs.length;
  const found = new Set<number>();
  const problems: string[] = [];
  const headerWarnings = new Map<string, string[]>();
  const onHeader = (path: string, message: string) =>
    headerWarnings.set(message, [...(headerWarnings.get(message) ?? []), path]);
  for (const [i, pair] of pairs.entries()) {
    await checkAborted('evaluateFolders', signal);
    try {
      const [predicted, real] = await readPair(pair, onWarning, onHeader);
      addLabels(found, predicted.data, real.data, ignoreLabels);
    } catch (error) {
      if (!(error instanceof SegError)) throw error;
      problems.push(error.message.replace(/\.$/, ''));
    }
    onProgress?.(i + 1, total);
  }
  for (const [message, [first, ...others]] of headerWarnings) {
    onWarning?.(
      `${first}${others.length > 0 ? ` and ${others.length} more file${others.length > 1 ? 's' : ''}` : ''}: ${message}`,
    );
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
    await checkAborted('evaluateFolders', signal);
    const [predicted, real] = await readPair(pair);
    const { shape, affine } = real;
    const maps = { prediction: predicted.data, reference: real.data };
    const evaluation = evaluateSegmentation({
      ...maps,
      shape,
      affine,
      labels,
      ignoreLabels,
      convention,
      toleranceMm,
    });
    if (labels.length > 0 && evaluation.labels.length === 0)
      onWarning?.(`${pair.reference} has no voxel that counts: the case has no row`);
    cohort.add(pair.id, evaluation);
    onProgress?.(pairs.length + i + 1, total);
  }
  return cohort;
}

/** Adds the values above 0 of two maps where the reference is not ignored. */
function addLabels(
  found: Set<number>,
  prediction: ArrayLike<number>,
  reference: ArrayLike<number>,
  ignoreLabels: readonly number[],
): void {
  const ignored = new Set(ignoreLabels);
  for (let i = 0; i < reference.length; i++) {
    const [p, r] = [prediction[i]!, reference[i]!];
    if ((p === 0 && r === 0) || ignored.has(r)) continue;
    if (p !== 0 && !ignored.has(p)) found.add(p);
    if (r !== 0) found.add(r);
  }
}

async function readPair(
  pair: LabelMapPair,
  onWarning?: (message: string) => void,
  onHeader?: (path: string, message: string) => void,
) {
  const read = (path: string) => readLabelMap(path, { onWarning: (message) => onHeader?.(path, message) });
  const predicted = await read(pair.prediction);
  const real = await read(pair.reference);
  if (predicted.shape.join() !== real.shape.join()) {
    throw new SegError('shape-mismatch', {
      where: pair.prediction,
      problem: `the prediction and ${pair.reference} differ in shape (z, y, x)`,
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
