import { SegError, type Triple } from '@seg/core';
import { type PatchPredictor, slidingWindowInference, windowStarts } from '@seg/inference';
import { IGNORED_CLASS } from '../data/cut-patch.ts';
import type { TrainingCase } from '../data/training-case.ts';

/** Part of a window that the next one repeats. */
const OVERLAP = 0.5;

/** Windows that a validation of these cases predicts. */
export function validationWindows(cases: readonly Pick<TrainingCase, 'shape' | 'label'>[], patchSize: Triple): number {
  const windows = ({ shape }: Pick<TrainingCase, 'shape'>) =>
    patchSize.reduce((product, n, axis) => product * windowStarts(Math.max(n, shape[axis]!), n, OVERLAP).length, 1);
  return cases.reduce((sum, item) => sum + (item.label === undefined ? 0 : windows(item)), 0);
}

/**
 * Dice of every foreground class over the validation cases: the mean over cases in which prediction or reference has
 * the class. `score` is the mean over classes.
 *
 * @throws SegError `aborted` when the signal fires between two windows.
 */
export async function validateDice(
  predictor: PatchPredictor,
  cases: readonly TrainingCase[],
  patchSize: Triple,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, number>> & { readonly score: number }> {
  const sums: { total: number; cases: number }[] = [];
  for (const item of cases) {
    if (item.label === undefined) continue;
    const { image: data, shape, channels } = item;
    const options = { patchSize, overlap: OVERLAP, ...(signal === undefined ? {} : { signal }) };
    const { labels, classes } = await slidingWindowInference(predictor, { data, shape, channels }, options);
    for (let c = 1; c < classes; c++) {
      const dice = diceOfClass(labels, item.label, c);
      const sum = (sums[c - 1] ??= { total: 0, cases: 0 });
      if (Number.isNaN(dice)) continue;
      sum.total += dice;
      sum.cases++;
    }
  }
  const means = sums.map(({ total, cases: n }) => (n === 0 ? Number.NaN : total / n));
  const known = means.filter((mean) => !Number.isNaN(mean));
  if (known.length === 0) {
    throw new SegError('invalid-argument', {
      where: 'validateDice',
      problem: 'no validation case has a label with foreground',
      got: cases.length,
      hint: 'Give labelled validation cases or none.',
    });
  }
  return {
    ...Object.fromEntries(means.flatMap((mean, i) => (Number.isNaN(mean) ? [] : [[`dice${i + 1}`, mean]]))),
    score: known.reduce((a, b) => a + b, 0) / known.length,
  };
}

/** Dice of one class between two label maps; NaN where neither has it. Ignored voxels of the reference do not count. */
export function diceOfClass(prediction: Uint8Array, reference: Uint8Array, value: number): number {
  let both = 0;
  let sum = 0;
  for (let i = 0; i < reference.length; i++) {
    const r = reference[i]!;
    if (r === IGNORED_CLASS) continue;
    const isPredicted = prediction[i] === value;
    const isReference = r === value;
    if (isPredicted) sum++;
    if (isReference) sum++;
    if (isPredicted && isReference) both++;
  }
  return sum === 0 ? Number.NaN : (2 * both) / sum;
}
