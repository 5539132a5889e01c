import type { Triple } from '@seg/core';
import { type PatchPredictor, slidingWindowInference, windowStarts } from '@seg/inference';
import { IGNORED_CLASS } from '../data/cut-patch.ts';
import { isAnnotated, type TrainingCase } from '../data/training-case.ts';
import type { ValidationMetrics } from './validation-score.ts';

/** Part of a window that the next one repeats. */
const OVERLAP = 0.5;

/** Windows that a validation of these cases predicts. */
export function validationWindows(cases: readonly Pick<TrainingCase, 'shape' | 'label'>[], patchSize: Triple): number {
  const windows = ({ shape }: Pick<TrainingCase, 'shape'>) =>
    patchSize.reduce((product, n, axis) => product * windowStarts(Math.max(n, shape[axis]!), n, OVERLAP).length, 1);
  return cases.reduce((sum, item) => sum + (item.label === undefined ? 0 : windows(item)), 0);
}

/**
 * Dice of every foreground class over the validation cases, `dice1` for class 1 and so on: the mean over the cases in
 * which the class was annotated and prediction or reference has it; null where there is none. Voxels that nobody
 * annotated do not count.
 *
 * `score` is the mean over the classes that some reference has. A class that none has cannot rank networks: its Dice is
 * 0 or undefined. Where no reference has any class, `score` is null.
 *
 * @throws SegError `aborted` when the signal fires between two windows.
 */
export async function validateDice(
  predictor: PatchPredictor,
  cases: readonly TrainingCase[],
  patchSize: Triple,
  signal?: AbortSignal,
): Promise<ValidationMetrics> {
  const sums: { total: number; cases: number; isPresent: boolean }[] = [];
  for (const item of cases) {
    if (item.label === undefined) continue;
    const { image: data, shape, channels } = item;
    const options = { patchSize, overlap: OVERLAP, ...(signal === undefined ? {} : { signal }) };
    const { labels, classes } = await slidingWindowInference(predictor, { data, shape, channels }, options);
    const counts = countVoxels(labels, item.label);
    for (let c = 1; c < classes; c++) {
      const sum = (sums[c - 1] ??= { total: 0, cases: 0, isPresent: false });
      const { predicted, real, both } = counts(c);
      if (!isAnnotated(item.info, c) || predicted + real === 0) continue;
      sum.total += (2 * both) / (predicted + real);
      sum.cases++;
      if (real > 0) sum.isPresent = true;
    }
  }
  const means = sums.map(({ total, cases: n }) => (n === 0 ? null : total / n));
  const ranking = sums.flatMap(({ isPresent }, i) => (isPresent ? [means[i]!] : []));
  return {
    ...Object.fromEntries(means.map((mean, i) => [`dice${i + 1}`, mean])),
    score: ranking.length === 0 ? null : ranking.reduce((a, b) => a + b, 0) / ranking.length,
  };
}

/** Voxels of a class in each of two label maps and in both. Ignored voxels of the reference do not count. */
function countVoxels(prediction: Uint8Array, reference: Uint8Array) {
  const predicted = new Uint32Array(256);
  const real = new Uint32Array(256);
  const both = new Uint32Array(256);
  for (let i = 0; i < reference.length; i++) {
    const r = reference[i]!;
    if (r === IGNORED_CLASS) continue;
    const p = prediction[i]!;
    real[r]!++;
    predicted[p]!++;
    if (p === r) both[p]!++;
  }
  return (c: number) => ({ predicted: predicted[c]!, real: real[c]!, both: both[c]! });
}
