import {
  bestOf,
  componentMedian,
  discriminantAxis,
  distanceToMedian,
  latentIsolation,
  latentNorm,
  principalAxes,
  project,
  styleDiversity,
  trainMap,
  volumeScore,
} from '@seg/hypernet';
import { auroc, dice, spearman } from '@seg/metrics';
import { hyperSortUnet } from '@seg/unet3d';
import { addBaselines, type Baselines, measureBaselines, testPlain } from './baselines.ts';
import { type Case, loadCases } from './cases.ts';
import { EXPERIMENTS, type Experiment, PLAIN_NETWORKS, type Trial } from './experiments.ts';
import { mapValues, mean, onTests, stopwatch } from './numbers.ts';

type Latents = readonly (readonly number[])[];

/** Trains the map, and the baselines unless they are known, and measures all that the document shows of a seed. */
export async function measure(
  set: string,
  experiment: Experiment,
  options: { readonly data: string; readonly seed: number; readonly backend: string; readonly threads: string },
  known?: Baselines,
) {
  const { data, seed, backend, threads } = options;
  const { cases, tests } = await loadCases(experiment, data, seed);
  const { baseFeatures, levels, epochs, groups, settings } = experiment;
  const network = hyperSortUnet({ baseFeatures, levels, convs: 1 });
  const training = cases.map(({ given }) => given);
  const isWrong = cases.map(({ group }) => group !== 'clean');
  const { seconds, timed } = stopwatch(`${set} seed ${seed}`);

  const map = await timed('HyperSORT', () => trainMap(training, { ...settings, network, epochs, seed }));
  const { latents, model } = map;
  // Where most cases lie, which needs no knowledge of which labels are wrong.
  const median = componentMedian(latents);
  const styles = ['clean', ...groups.map(({ name }) => name)];
  const centroids = styles.map((style) => [style, centroid(latents.filter((_, i) => cases[i]!.group === style))]);
  const places: Record<string, number[]> = Object.fromEntries([
    ['zero', median.map(() => 0)],
    ['median', median],
    ...centroids,
  ]);
  const styleTests: Record<string, Awaited<ReturnType<typeof onTests>>> = {};
  for (const [name, z] of Object.entries(places)) styleTests[name] = await onTests(tests, (c) => model.segment(c, z));
  const stylesOfCases = tests.map((_, i) => styles.map((s) => styleTests[s]![i]!.dice));
  const dominant: Uint8Array[] = [];
  for (const { given } of cases) dominant.push(await model.segment(given, median));
  const corrected = dominant.map((mask, i) => dice(mask, cases[i]!.truth.label, { empty: 1 }));
  const dominantErrors = dominant.map((mask, i) => 1 - dice(mask, cases[i]!.given.label, { empty: 1 }));
  model.dispose();

  const scores = {
    ...latentScores(latents),
    'Dice error of the dominant style': dominantErrors,
    'volume only': volumeScore(training.map(({ volumeMl }) => volumeMl)),
  };
  const written = cases.map(({ group }, i) => [group, ...latents[i]!.map((v) => Number(v.toFixed(4)))]);
  const wrong = cases.map((c, i) => ({ ...c, i })).filter(({ group }) => group !== 'clean');
  return {
    set,
    seed,
    cases: cases.length,
    tests: tests.length,
    epochs,
    steps: map.steps,
    threads,
    backend,
    seconds: seconds.HyperSORT!,
    ...alongAxis(latents, cases, styles),
    discriminantAuc: eitherWay(project(latents, discriminantAxis(latents, isWrong)), isWrong),
    auc: mapValues(scores, (v) => auroc(v, isWrong)),
    spearman: mapValues(scores, (v) => spearman(v, isWrong.map(Number)).coefficient),
    volumeRatio: mapValues(styleTests, (t) => mean(t.map((r) => r.ratio))),
    dice: {
      ...Object.fromEntries(
        Object.entries(styleTests).map(([name, t]) => [`HyperSORT ${name}`, mean(t.map((r) => r.dice))]),
      ),
      'HyperSORT best of styles': mean(bestOf(stylesOfCases)),
    },
    diversity: styleDiversity(stylesOfCases),
    correction: {
      given: mean(wrong.map(({ given, truth }) => dice(given.label, truth.label, { empty: 1 }))),
      corrected: mean(wrong.map(({ i }) => corrected[i]!)),
      cleanKept: mean(corrected.filter((_, i) => !isWrong[i])),
    },
    baselines:
      known ??
      (await measureBaselines(
        `${set} seed ${seed}`,
        experiment,
        { training, tests, isWrong, distance: distanceOf(written) },
        seed,
      )),
    latents: written,
  };
}

export type Result = Awaited<ReturnType<typeof measure>>;

/** A result with as many plain U-Nets as the diversity takes. */
export async function measurePlain(set: string, experiment: Experiment, data: string, known: Result): Promise<Result> {
  const { seed, baselines } = known;
  const { cases, tests } = await loadCases(experiment, data, seed);
  const training = cases.map(({ given }) => given);
  const { seconds, timed } = stopwatch(`${set} seed ${seed}`);
  const plain = await timed('plain U-Nets', () => testPlain(experiment, { training, tests }, seed, PLAIN_NETWORKS));
  return { ...known, baselines: { ...baselines, ...plain, seconds: { ...baselines.seconds, ...seconds } } };
}

/** Distance to the median from latents as a result holds them, each after its group. */
function distanceOf(written: readonly (readonly (string | number)[])[]): number[] {
  return distanceToMedian(written.map(([, ...latent]) => latent.map(Number)));
}

/** A result with all baselines. */
export async function measureMore(set: string, experiment: Experiment, data: string, known: Result): Promise<Result> {
  const { seed } = known;
  const { cases, tests } = await loadCases(experiment, data, seed);
  const all = {
    training: cases.map(({ given }) => given),
    tests,
    isWrong: cases.map(({ group }) => group !== 'clean'),
    distance: distanceOf(known.latents),
  };
  return { ...known, baselines: await addBaselines(`${set} seed ${seed}`, experiment, all, seed, known.baselines) };
}

/** The map with other settings, and no baselines but the plain U-Net of some. */
export async function measureTrial(trial: Trial, data: string, seed: number) {
  const { set, name, settings, plain } = trial;
  const standard = EXPERIMENTS[set]!;
  const { cases, tests } = await loadCases(standard, data, seed);
  const { baseFeatures, levels, epochs } = { ...standard, ...trial };
  const network = hyperSortUnet({ baseFeatures, levels, convs: 1 });
  const { seconds, timed } = stopwatch(`${set}: ${name}`);
  const training = cases.map(({ given }) => given);
  const { latents, model } = await timed('HyperSORT', () => trainMap(training, { ...settings, network, epochs, seed }));
  const isWrong = cases.map(({ group }) => group !== 'clean');
  const median = componentMedian(latents);
  const diceOnTests = mean((await onTests(tests, (c) => model.segment(c, median))).map((r) => r.dice));
  const errors: number[] = [];
  for (const { given } of cases) {
    errors.push(1 - dice(await model.segment(given, median), given.label, { empty: 1 }));
  }
  model.dispose();
  return {
    set,
    name,
    baseFeatures,
    levels,
    epochs,
    seconds: seconds.HyperSORT!,
    axisAuc: alongAxis(latents, cases, ['clean', ...standard.groups.map((g) => g.name)]).axisAuc,
    auc: mapValues({ ...latentScores(latents), 'Dice error of the dominant style': errors }, (v): number =>
      auroc(v, isWrong),
    ),
    meanNorm: mean(latentNorm(latents)),
    dice: diceOnTests,
    plainDice: plain
      ? mean(
          (await timed('plain U-Net', () => testPlain({ baseFeatures, levels, epochs }, { training, tests }, seed, 1)))
            .plain,
        )
      : null,
  };
}

export type TrialResult = Awaited<ReturnType<typeof measureTrial>>;

function latentScores(latents: Latents) {
  return {
    norm: latentNorm(latents),
    isolation: latentIsolation(latents),
    'distance to median': distanceToMedian(latents),
  };
}

/** The first two kinds of wrong labels, or the only kind and the clean ones, along the first principal axis. */
function alongAxis(latents: Latents, cases: readonly Case[], styles: readonly string[]) {
  const along = project(latents, principalAxes(latents)[0]!);
  const [first, second] = styles.length > 2 ? [styles[1]!, styles[2]!] : [styles[1]!, 'clean'];
  const kept = cases.flatMap(({ group }, i) => (group === first || group === second ? [i] : []));
  return {
    axisAuc: eitherWay(
      kept.map((i) => along[i]!),
      kept.map((i) => cases[i]!.group === first),
    ),
    meanAlongAxis: Object.fromEntries(
      styles.map((s) => [s, mean(along.filter((_, i) => cases[i]!.group === s))] as const),
    ),
  };
}

/** An axis has no sign. */
function eitherWay(values: readonly number[], isFirst: readonly boolean[]): number {
  const area = auroc(values, isFirst);
  return Math.max(area, 1 - area);
}

function centroid(points: Latents): number[] {
  return points[0]!.map((_, d) => mean(points.map((p) => p[d]!)));
}
