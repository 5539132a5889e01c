import { Rng, SegError } from '@seg/core';
import type { TrainingCase } from '@seg/train';
import { labelDiceError } from '../cases/label-voxels.ts';
import type { TrainedBaseline } from './train-baseline.ts';

/** Trains on some cases; the result is disposed by the caller of this function. */
export type Trainer = (cases: readonly TrainingCase[], fold: number) => Promise<TrainedBaseline>;

/**
 * Test-Dice, out of fold: every case is segmented by a network that was trained on the cases of the other folds. Folds
 * hold about as many cases each as whole groups allow.
 *
 * @param options.groups a name for each case; cases of one name are in one fold. Default: the cases' patients, so that
 * no network has seen another scan of the patient that it segments
 * @returns the Dice error 1 - Dice of every case's label, by case in the order given, with the segmentations; higher is
 * more suspect. An empty label and an empty segmentation agree; voxels of class 255 do not count.
 * @throws SegError `invalid-argument` unless there are 2 folds or more and as many groups of labelled cases,
 * `shape-mismatch` unless there is a group for each case.
 */
export async function outOfFoldDice(
  cases: readonly TrainingCase[],
  train: Trainer,
  options: { readonly folds?: number; readonly seed?: number; readonly groups?: readonly string[] } = {},
): Promise<{ readonly errors: number[]; readonly segmentations: Uint8Array[] }> {
  const { folds = 5, seed = 0, groups = cases.map(patientOf) } = options;
  checkLabelled('outOfFoldDice', cases);
  if (groups.length !== cases.length) {
    throw new SegError('shape-mismatch', {
      where: 'outOfFoldDice',
      problem: 'needs a group for each case',
      got: groups.length,
      expected: cases.length,
    });
  }
  const names = [...new Set(groups)];
  if (!Number.isInteger(folds) || folds < 2 || folds > names.length) {
    throw new SegError('invalid-argument', {
      where: 'outOfFoldDice',
      problem: 'folds must be from 2 to the number of groups; a patient is one group, unless groups are given',
      got: folds,
      expected: `2 to ${names.length}`,
    });
  }
  const foldOfGroup = evenFolds(Rng.fromSeed(seed).shuffle(names), groups, folds);
  const foldOf = (i: number) => foldOfGroup.get(groups[i]!);
  const errors = cases.map(() => Number.NaN);
  const segmentations: Uint8Array[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const trained = await train(
      cases.filter((_, i) => foldOf(i) !== fold),
      fold,
    );
    try {
      for (const [i, item] of cases.entries()) {
        if (foldOf(i) !== fold) continue;
        segmentations[i] = await trained.segment(item);
        errors[i] = labelDiceError(segmentations[i]!, item.label!);
      }
    } finally {
      trained.dispose();
    }
  }
  return { errors, segmentations };
}

/** The fold of each group: one after the other goes to the first of the folds with the fewest cases. */
function evenFolds(order: readonly string[], groups: readonly string[], folds: number): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const name of groups) sizes.set(name, (sizes.get(name) ?? 0) + 1);
  const cases = new Array<number>(folds).fill(0);
  return new Map(
    order.map((name) => {
      const fold = cases.indexOf(Math.min(...cases));
      cases[fold]! += sizes.get(name)!;
      return [name, fold];
    }),
  );
}

/**
 * The split for `splitDice` that another predictor makes (pseudo-truth): the least suspect part of the cases counts as
 * clean, of equally suspect ones the earlier.
 *
 * @param scores of any predictor, higher is more suspect: `distanceToMedian`, `volumeScore`, out-of-fold errors; infinity
 * is allowed
 * @param options.fraction part of the cases that counts as clean, in (0, 1), rounded to whole cases; default 0.5. One
 * case at least is clean and one is left to score
 * @returns a flag for each case, in the order given
 * @throws SegError `invalid-argument` for fewer than two scores, NaN, or another fraction.
 */
export function pseudoTruthSplit(
  scores: readonly number[],
  options: { readonly fraction?: number } = {},
): readonly boolean[] {
  const { fraction = 0.5 } = options;
  if (!(fraction > 0 && fraction < 1)) {
    throw new SegError('invalid-argument', {
      where: 'pseudoTruthSplit',
      problem: 'fraction must be a part of the cases',
      got: fraction,
      expected: 'a number above 0 and below 1',
    });
  }
  const bad = scores.findIndex(Number.isNaN);
  if (scores.length < 2 || bad >= 0) {
    throw new SegError('invalid-argument', {
      where: 'pseudoTruthSplit',
      problem: bad < 0 ? 'needs two scores at least' : `score ${bad} is not a number`,
      got: bad < 0 ? scores.length : scores[bad],
    });
  }
  const count = Math.min(scores.length - 1, Math.max(1, Math.round(fraction * scores.length)));
  // Not by the difference: infinity minus infinity is no order.
  const order = scores
    .map((_, i) => i)
    .sort((a, b) => (scores[a]! < scores[b]! ? -1 : scores[a]! > scores[b]! ? 1 : 0));
  const clean = new Set(order.slice(0, count));
  return scores.map((_, i) => clean.has(i));
}

/**
 * Test-Dice as published: a network trained on the cases that are held for clean scores all the others by 1 - Dice.
 *
 * With the true split it is an upper bound that no user has; with a split made by another predictor (pseudo-truth,
 * `pseudoTruthSplit`) it refines that predictor. Cases of the clean part get NaN. Of them, other scans of patients that
 * are scored are not trained on.
 *
 * @throws SegError `invalid-argument` for cases without labels or flags, and where nothing is left to train on.
 */
export async function splitDice(
  cases: readonly TrainingCase[],
  isClean: readonly boolean[],
  train: Trainer,
): Promise<number[]> {
  checkLabelled('splitDice', cases);
  const clean = cases.filter((_, i) => isClean[i] === true);
  if (isClean.length !== cases.length || clean.length === 0) {
    throw new SegError('invalid-argument', {
      where: 'splitDice',
      problem: 'needs a flag for each case, and a clean case at least',
      got: { cases: cases.length, flags: isClean.length, clean: clean.length },
    });
  }
  const scored = new Set(cases.filter((_, i) => isClean[i] !== true).map(patientOf));
  const training = clean.filter((c) => !scored.has(patientOf(c)));
  if (training.length === 0) {
    throw new SegError('invalid-argument', {
      where: 'splitDice',
      problem: 'every clean case is a scan of a patient that is scored',
      got: clean.length,
      expected: 'a clean case of another patient at least',
      hint: 'Flag all scans of a patient alike.',
    });
  }
  const trained = await train(training, 0);
  try {
    const errors: number[] = [];
    for (const [i, item] of cases.entries()) {
      errors.push(isClean[i] === true ? Number.NaN : labelDiceError(await trained.segment(item), item.label!));
    }
    return errors;
  } finally {
    trained.dispose();
  }
}

const patientOf = ({ info }: TrainingCase): string => info.patient ?? info.id;

function checkLabelled(where: string, cases: readonly TrainingCase[]): void {
  const bare = cases.find((c) => c.label === undefined);
  if (bare === undefined) return;
  throw new SegError('invalid-argument', { where, problem: 'a case has no label', got: bare.info.id });
}
