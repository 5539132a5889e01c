import { Rng } from '@seg/core';
import {
  bestOf,
  type MapCase,
  outOfFoldDice,
  plainUnet,
  pseudoTruthSplit,
  splitDice,
  styleDiversity,
  type TrainedBaseline,
  type Trainer,
  tLossUnet,
  trainBaseline,
  trainSentinel,
} from '@seg/hypernet';
import { auroc, spearman } from '@seg/metrics';
import { hyperSortUnet } from '@seg/unet3d';
import { type Experiment, FOLDS, LEARNING_RATE } from './experiments.ts';
import { mapValues, mean, onTests, stopwatch } from './numbers.ts';

/** What does not depend on the map. */
export interface Baselines {
  readonly foldSteps: number;
  readonly seconds: Readonly<Record<string, number>>;
  readonly plain: readonly number[];
  readonly plainBest: number;
  readonly plainDiversity: number | null;
  readonly tLoss: number | null;
  readonly auc: Readonly<Record<string, number>>;
  readonly spearman: Readonly<Record<string, number>>;
}

export interface Cases {
  readonly training: readonly MapCase[];
  readonly tests: readonly MapCase[];
  readonly isWrong: readonly boolean[];
  /** Score of the map that splits the cases for Test-Dice with pseudo-truth. */
  readonly distance: readonly number[];
}

type Training = Pick<Cases, 'training' | 'tests'>;
type Size = Pick<Experiment, 'baseFeatures' | 'levels' | 'epochs'>;

function optionsOf({ baseFeatures, levels }: Size) {
  const network = hyperSortUnet({ baseFeatures, levels, convs: 1 });
  return { network, learningRate: LEARNING_RATE, schedule: { kind: 'cosine', floor: 0.05 } } as const;
}

/** Dice on every testing case. */
async function testDice(tests: readonly MapCase[], training: Promise<TrainedBaseline>): Promise<number[]> {
  const trained = await training;
  const result = await onTests(tests, (c) => trained.segment(c));
  trained.dispose();
  return result.map((r) => r.dice);
}

/** Plain U-Nets of a seed, on the testing cases. */
export async function testPlain(
  size: Size,
  { training, tests }: Training,
  seed: number,
  networks: number,
): Promise<Pick<Baselines, 'plain' | 'plainBest' | 'plainDiversity'>> {
  const steps = size.epochs * training.length;
  const plain: number[][] = [];
  for (let n = 0; n < networks; n++) {
    const trained = trainBaseline(plainUnet(optionsOf(size)), training, { steps, seed: seed + 100 * n });
    plain.push(await testDice(tests, trained));
  }
  const table = tests.map((_, i) => plain.map((dice) => dice[i]!));
  return {
    plain: plain.map(mean),
    plainBest: mean(bestOf(table)),
    plainDiversity: networks < 2 ? null : styleDiversity(table),
  };
}

/** One plain U-Net, and the other baselines. */
export async function measureBaselines(
  title: string,
  experiment: Experiment,
  cases: Cases,
  seed: number,
): Promise<Baselines> {
  const { training, isWrong } = cases;
  const { seconds, timed } = stopwatch(title);
  const plain = await timed('plain U-Nets', () => testPlain(experiment, cases, seed, 1));
  const { steps: foldSteps, train } = shortTraining(experiment, training.length, seed);
  const outOfFold = await timed('out-of-fold', () =>
    outOfFoldDice(training, train, { folds: FOLDS, seed, groups: patientsOf(experiment, training) }),
  );
  const first = { foldSteps, seconds, ...plain, ...agreement({ 'out-of-fold Dice error': outOfFold.errors }, isWrong) };
  return addBaselines(title, experiment, cases, seed, { ...first, tLoss: null });
}

/** The score by which it is seen whether `addBaselines` was run. */
const PSEUDO_TRUTH = 'Dice error, trained on the less suspect half by the map (the other half alone is scored)';

export const hasAllBaselines = ({ auc }: Baselines) => PSEUDO_TRUTH in auc;

/** Those that do not depend on the map. */
export function withoutPseudoTruth(known: Baselines): Baselines {
  const without = (of: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(of).filter(([name]) => name !== PSEUDO_TRUTH));
  return { ...known, auc: without(known.auc), spearman: without(known.spearman) };
}

/** The T-loss U-Net, Test-Dice with a true and a pseudo-true split, and the quality regressor, beside the first ones. */
export async function addBaselines(
  title: string,
  experiment: Experiment,
  { training, tests, isWrong, distance }: Cases,
  seed: number,
  known: Baselines,
): Promise<Baselines> {
  const { seconds, timed } = stopwatch(title);
  const { train } = shortTraining(experiment, training.length, seed);
  const steps = experiment.epochs * training.length;
  const robust =
    known.tLoss === null
      ? await timed('T-loss U-Net', () =>
          testDice(tests, trainBaseline(tLossUnet(optionsOf(experiment)), training, { steps, seed })),
        )
      : [known.tLoss];
  const scores: Record<string, readonly number[]> = {};
  scores[PSEUDO_TRUTH] = await timed('pseudo-truth', () => splitDice(training, pseudoTruthSplit(distance), train));
  scores['Dice error, trained on half of the clean labels (needs the truth)'] = await timed('split', () =>
    splitDice(training, halfOfClean(isWrong, seed), train),
  );
  scores['quality regressor'] = await timed('quality regressor', async () => {
    const trained = await trainSentinel(training, { steps: 8 * training.length, seed });
    const errors: number[] = [];
    for (const c of training) errors.push(1 - (await trained.quality(c, c.label)));
    trained.dispose();
    return errors;
  });
  const { auc, spearman } = agreement(scores, isWrong);
  return {
    ...known,
    seconds: { ...known.seconds, ...seconds },
    tLoss: mean(robust),
    auc: { ...known.auc, ...auc },
    spearman: { ...known.spearman, ...spearman },
  };
}

/** The patient of every case: scans of one are no independent cases. */
function patientsOf({ patientOf = (id) => id }: Experiment, cases: readonly MapCase[]): string[] {
  return cases.map(({ info }) => patientOf(info.id));
}

/** The training of a network that only scores labels. */
function shortTraining(experiment: Experiment, cases: number, seed: number) {
  const steps = Math.round(experiment.foldEpochs * cases * (1 - 1 / FOLDS));
  const train: Trainer = (some, fold) =>
    trainBaseline(plainUnet(optionsOf(experiment)), some, { steps, seed: seed + fold });
  return { steps, train };
}

function agreement(scores: Readonly<Record<string, readonly number[]>>, isWrong: readonly boolean[]) {
  return {
    auc: mapValues(scores, (v) => auroc(...scored(v, isWrong))),
    spearman: mapValues(scores, (v) => {
      const [values, wrong] = scored(v, isWrong);
      return spearman(values, wrong.map(Number)).coefficient;
    }),
  };
}

/** A random half of the clean cases: the other half has to be told from the wrong ones. */
function halfOfClean(isWrong: readonly boolean[], seed: number): boolean[] {
  const clean = isWrong.flatMap((wrong, i) => (wrong ? [] : [i]));
  const half = new Set(
    Rng.fromSeed(seed)
      .fork('half')
      .shuffle(clean)
      .slice(0, clean.length >> 1),
  );
  return isWrong.map((_, i) => half.has(i));
}

/** The cases that have a score. */
function scored(values: readonly number[], isWrong: readonly boolean[]): [number[], boolean[]] {
  const kept = values.flatMap((v, i) => (Number.isNaN(v) ? [] : [i]));
  return [kept.map((i) => values[i]!), kept.map((i) => isWrong[i]!)];
}
