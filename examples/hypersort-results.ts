// Measures HyperSORT and its baselines on label sets with known wrong labels, and writes the tables and figures of
// docs/reference/hypersort-results.md.
//
//   node --conditions=@seg/source examples/hypersort-results.ts --set hippocampus --data DATA/hippocampus --seeds 1,2,3
//   node --conditions=@seg/source examples/hypersort-results.ts --write
//
// Each (set, seed) is one training with its baselines; its numbers go to docs/reference/hypersort-results/SET-SEED.json
// and are not computed again. --write makes the document from whatever numbers are there.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Perturbation, perturbLabels } from '@seg/augment';
import { startBackend } from '@seg/backend';
import { Rng, type Triple, type Volume } from '@seg/core';
import {
  bestOf,
  componentMedian,
  discriminantAxis,
  distanceToMedian,
  latentIsolation,
  latentNorm,
  type MapCase,
  outOfFoldDice,
  plainUnet,
  prepareMapCase,
  principalAxes,
  project,
  styleDiversity,
  tLossUnet,
  trainBaseline,
  trainMap,
  trainSentinel,
  volumeScore,
  type WorkingGrid,
} from '@seg/hypernet';
import { openDataset } from '@seg/io/node';
import { auroc, dice, spearman } from '@seg/metrics';
import { renderChart, scatterChart } from '@seg/report';
import { hyperSortUnet } from '@seg/unet3d';

interface Experiment {
  readonly title: string;
  readonly grid: WorkingGrid;
  /** Cases trained on; the rest up to `test` more are for testing, with untouched labels. */
  readonly train: number;
  readonly test: number;
  readonly epochs: number;
  readonly foldEpochs: number;
  /** Spoilt on the working grid, or on the scan's own grid. */
  readonly spoil: 'working' | 'scan';
  readonly groups: readonly { readonly name: string; readonly fraction: number; readonly perturbation: Perturbation }[];
  readonly baseFeatures: number;
  readonly levels: number;
}

const EXPERIMENTS: Readonly<Record<string, Experiment>> = {
  hippocampus: {
    title: 'Hippocampus (MR, anterior and posterior merged), 10 % eroded and 10 % dilated by one round at 2 mm',
    grid: { shape: [16, 24, 16], spacingMm: [2, 2, 2], centre: 'image' },
    train: 80,
    test: 20,
    epochs: 20,
    foldEpochs: 10,
    spoil: 'working',
    groups: [
      { name: 'eroded', fraction: 0.1, perturbation: { kind: 'erode', rounds: 1 } },
      { name: 'dilated', fraction: 0.1, perturbation: { kind: 'dilate', rounds: 1 } },
    ],
    baseFeatures: 6,
    levels: 1,
  },
  'left-atrium': {
    title: 'Left atrium (LGE MR), 10 % eroded and 10 % dilated by one round at 2.5 mm',
    grid: { shape: [22, 36, 48], spacingMm: [2.5, 2.5, 2.5], centre: 'image' },
    train: 60,
    test: 20,
    epochs: 20,
    foldEpochs: 8,
    spoil: 'working',
    groups: [
      { name: 'eroded', fraction: 0.1, perturbation: { kind: 'erode', rounds: 1 } },
      { name: 'dilated', fraction: 0.1, perturbation: { kind: 'dilate', rounds: 1 } },
    ],
    baseFeatures: 6,
    levels: 1,
  },
  'cardiac-acdc': {
    title: 'ACDC (cine MR, both ventricles and myocardium merged), 15 % of the labels without their basal slices',
    grid: { shape: [10, 36, 36], spacingMm: [10, 4, 4], centre: 'image' },
    train: 100,
    test: 30,
    epochs: 20,
    foldEpochs: 8,
    spoil: 'scan',
    groups: [{ name: 'cut', fraction: 0.15, perturbation: { kind: 'dropSlices', count: 3, from: 'end' } }],
    baseFeatures: 6,
    levels: 1,
  },
};
/** Plain U-Nets of the first seed, as many as the paper has; later seeds train one. */
const PLAIN_NETWORKS = 5;
const LEARNING_RATE = 2e-3;
const FOLDS = 5;

const { values } = parseArgs({
  options: {
    set: { type: 'string' },
    data: { type: 'string' },
    seeds: { type: 'string', default: '1' },
    out: { type: 'string', default: join(import.meta.dirname, '..', 'docs', 'reference') },
    backend: { type: 'string', default: 'wasm' },
    threads: { type: 'string' },
    // Trains the map again and keeps the numbers of the baselines, which do not depend on it.
    'map-only': { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const folder = join(values.out, 'hypersort-results');
mkdirSync(folder, { recursive: true });

if (values.set !== undefined && values.data !== undefined) {
  const experiment = EXPERIMENTS[values.set];
  if (experiment === undefined) throw new Error(`--set is one of ${Object.keys(EXPERIMENTS).join(', ')}`);
  await startBackend({
    name: values.backend as 'wasm',
    ...(values.threads === undefined ? {} : { threads: Number(values.threads) }),
  });
  for (const seed of values.seeds.split(',').map(Number)) {
    const file = join(folder, `${values.set}-${seed}.json`);
    const known = readResult(file);
    if (known !== undefined && !values['map-only']) continue;
    const result = await measure(values.set, experiment, values.data, seed, known?.baselines);
    writeFileSync(file, `${JSON.stringify(result, null, 1)}\n`);
    console.log(JSON.stringify({ ...result, latents: undefined }, null, 1));
  }
}
if (values.write) await writeDocument();

/** A case with its label as it was before spoiling, on the working grid. */
interface Case {
  readonly given: MapCase;
  readonly truth: MapCase;
  readonly group: string;
}

async function loadCases(experiment: Experiment, data: string, seed: number) {
  const { grid, train, test, groups, spoil } = experiment;
  const dataset = await openDataset(data);
  // The same cases for training and testing with every seed; the seed decides which labels are spoilt.
  const ids = Rng.fromSeed(1).shuffle(
    dataset.cases
      .filter((c) => c.labelPaths.length > 0)
      .map(({ id }) => id)
      .sort(),
  );
  const chosen = ids.slice(0, train + test).map((id) => dataset.cases.find((c) => c.id === id)!);
  const loaded: { id: string; image: Volume; label: Volume<Uint8Array>; truth: MapCase }[] = [];
  for (const item of chosen) {
    const image = await item.loadImage();
    const map = await item.loadLabel();
    const label = { ...map, data: Uint8Array.from(map.data) };
    loaded.push({ id: item.id, image, label, truth: prepareMapCase(item.id, image, label, grid) });
  }
  const training = loaded.slice(0, train);
  const { labels, manifest } = perturbLabels(
    training.map(({ id, label, truth }) =>
      spoil === 'scan' ? { id, label: label.data, shape: label.shape } : { id, label: truth.label, shape: truth.shape },
    ),
    { groups },
    Rng.fromSeed(seed).fork('perturbation'),
  );
  const cases = training.map(({ id, image, label, truth }, i): Case => {
    const spoilt = labels[i]!;
    const { group } = manifest.cases[i]!;
    if (group === 'clean') return { given: truth, truth, group };
    const given =
      spoil === 'scan'
        ? prepareMapCase(id, image, { ...label, data: spoilt }, grid)
        : { ...truth, label: spoilt, volumeMl: millilitres(spoilt, grid.spacingMm) };
    return { given, truth, group };
  });
  // Spoilt on the working grid, volumes have to be compared there.
  const scaled = cases.map((c) =>
    spoil === 'scan' ? c : { ...c, given: { ...c.given, volumeMl: millilitres(c.given.label, grid.spacingMm) } },
  );
  return { cases: scaled, tests: loaded.slice(train).map(({ truth }) => truth) };
}

async function measure(set: string, experiment: Experiment, data: string, seed: number, known?: Baselines) {
  const { cases, tests } = await loadCases(experiment, data, seed);
  const { baseFeatures, levels, epochs, groups } = experiment;
  const network = hyperSortUnet({ baseFeatures, levels, convs: 1 });
  const training = cases.map(({ given }) => given);
  const { seconds, timed } = stopwatch(`${set} seed ${seed}`);

  const map = await timed('HyperSORT', () => trainMap(training, { network, epochs, seed }));
  const { latents, model } = map;
  const isWrong = cases.map(({ group }) => group !== 'clean');
  const zero = latents[0]!.map(() => 0);
  // Where most cases lie, which needs no knowledge of which labels are wrong.
  const median = componentMedian(latents);
  const styles = ['clean', ...groups.map(({ name }) => name)];
  const centroid = (style: string) => {
    const members = latents.filter((_, i) => cases[i]!.group === style);
    return zero.map((_, d) => members.reduce((sum, p) => sum + p[d]!, 0) / members.length);
  };
  const centroids = Object.fromEntries(styles.map((s) => [s, centroid(s)]));
  const styleTests = Object.fromEntries(
    [['zero', zero] as const, ['median', median] as const, ...Object.entries(centroids)].map(([name, z]) => [
      name,
      onTests(tests, (c) => model.segment(c, z)),
    ]),
  );
  const corrected = cases.map(({ given, truth }) => dice(model.segment(given, median), truth.label, { empty: 1 }));
  model.dispose();

  const baselines = known ?? (await measureBaselines(set, experiment, training, tests, isWrong, seed));

  const scores = {
    norm: latentNorm(latents),
    isolation: latentIsolation(latents),
    'distance to median': distanceToMedian(latents),
    'volume only': volumeScore(training.map(({ volumeMl }) => volumeMl)),
  };
  const along = project(latents, principalAxes(latents)[0]!);
  const byLda = project(latents, discriminantAxis(latents, isWrong));
  const axisAuc = (() => {
    const [first, second] = groups.length === 2 ? [groups[0]!.name, groups[1]!.name] : [groups[0]!.name, 'clean'];
    const kept = cases.map(({ group }, i) => [group, along[i]!] as const).filter(([g]) => g === first || g === second);
    const area = auroc(
      kept.map(([, v]) => v),
      kept.map(([g]) => g === first),
    );
    return Math.max(area, 1 - area);
  })();
  const wrong = cases.map((c, i) => ({ ...c, i })).filter(({ group }) => group !== 'clean');
  return {
    set,
    seed,
    cases: cases.length,
    tests: tests.length,
    epochs,
    steps: map.steps,
    threads: values.threads ?? 'default',
    backend: values.backend,
    seconds: seconds.HyperSORT!,
    axisAuc,
    meanAlongAxis: Object.fromEntries(styles.map((s) => [s, mean(along.filter((_, i) => cases[i]!.group === s))])),
    discriminantAuc: Math.max(auroc(byLda, isWrong), 1 - auroc(byLda, isWrong)),
    auc: Object.fromEntries(Object.entries(scores).map(([name, v]) => [name, auroc(v, isWrong)])),
    spearman: Object.fromEntries(
      Object.entries(scores).map(([name, v]) => [name, spearman(v, isWrong.map(Number)).coefficient]),
    ),
    volumeRatio: Object.fromEntries(Object.entries(styleTests).map(([name, t]) => [name, mean(t.map((r) => r.ratio))])),
    dice: {
      ...Object.fromEntries(
        Object.entries(styleTests).map(([name, t]) => [`HyperSORT ${name}`, mean(t.map((r) => r.dice))]),
      ),
      'HyperSORT best of styles': mean(bestOf(tests.map((_, i) => styles.map((s) => styleTests[s]![i]!.dice)))),
    },
    diversity: styleDiversity(tests.map((_, i) => styles.map((s) => styleTests[s]![i]!.dice))),
    correction: {
      given: mean(wrong.map(({ given, truth }) => dice(given.label, truth.label, { empty: 1 }))),
      corrected: mean(wrong.map(({ i }) => corrected[i]!)),
      cleanKept: mean(corrected.filter((_, i) => !isWrong[i])),
    },
    baselines,
    latents: cases.map(({ group }, i) => [group, ...latents[i]!.map((v) => Number(v.toFixed(4)))]),
  };
}

/** What does not depend on the map. */
interface Baselines {
  readonly foldSteps: number;
  readonly seconds: Readonly<Record<string, number>>;
  readonly plain: readonly number[];
  readonly plainBest: number;
  readonly plainDiversity: number | null;
  readonly tLoss: number;
  readonly auc: Readonly<Record<string, number>>;
  readonly spearman: Readonly<Record<string, number>>;
}

async function measureBaselines(
  set: string,
  { baseFeatures, levels, epochs, foldEpochs }: Experiment,
  training: readonly MapCase[],
  tests: readonly MapCase[],
  isWrong: readonly boolean[],
  seed: number,
): Promise<Baselines> {
  const network = hyperSortUnet({ baseFeatures, levels, convs: 1 });
  const options = { network, learningRate: LEARNING_RATE, schedule: { kind: 'cosine', floor: 0.05 } } as const;
  const { seconds, timed } = stopwatch(`${set} seed ${seed}`);
  const steps = epochs * training.length;
  const plain: (readonly { readonly dice: number }[])[] = [];
  await timed('plain U-Nets', async () => {
    for (let n = 0; n < (seed === 1 ? PLAIN_NETWORKS : 1); n++) {
      const trained = await trainBaseline(plainUnet(options), training, { steps, seed: seed + 100 * n });
      plain.push(onTests(tests, (c) => trained.segment(c)));
      trained.dispose();
    }
  });
  const robust = await timed('T-loss U-Net', async () => {
    const trained = await trainBaseline(tLossUnet(options), training, { steps, seed });
    const result = onTests(tests, (c) => trained.segment(c));
    trained.dispose();
    return result;
  });
  const foldSteps = Math.round(foldEpochs * training.length * (1 - 1 / FOLDS));
  const outOfFold = await timed('out-of-fold', () =>
    outOfFoldDice(
      training,
      (some, fold) => trainBaseline(plainUnet(options), some, { steps: foldSteps, seed: seed + fold }),
      { folds: FOLDS, seed },
    ),
  );
  const sentinel = await timed('quality regressor', async () => {
    const trained = await trainSentinel(training, { steps: 8 * training.length, seed });
    const errors = training.map((c) => 1 - trained.quality(c, c.label));
    trained.dispose();
    return errors;
  });
  const scores = { 'out-of-fold Dice error': outOfFold.errors, 'quality regressor': sentinel };
  const table = tests.map((_, i) => plain.map((t) => t[i]!.dice));
  return {
    foldSteps,
    seconds,
    plain: plain.map((t) => mean(t.map((r) => r.dice))),
    plainBest: mean(bestOf(table)),
    plainDiversity: plain.length < 2 ? null : styleDiversity(table),
    tLoss: mean(robust.map((r) => r.dice)),
    auc: eachScore(scores, (v) => auroc(v, isWrong)),
    spearman: eachScore(scores, (v) => spearman(v, isWrong.map(Number)).coefficient),
  };
}

type Result = Awaited<ReturnType<typeof measure>>;

function readResult(file: string): Result | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result) : undefined;
}

function eachScore(scores: Readonly<Record<string, readonly number[]>>, of: (v: readonly number[]) => number) {
  return Object.fromEntries(Object.entries(scores).map(([name, v]) => [name, of(v)]));
}

/** Dice, and predicted over true volume, of every test case. */
function onTests(tests: readonly MapCase[], segment: (c: MapCase) => Uint8Array) {
  return tests.map((c) => {
    const mask = segment(c);
    return { dice: dice(mask, c.label, { empty: 1 }), ratio: sum(mask) / sum(c.label) };
  });
}

function stopwatch(title: string) {
  const seconds: Record<string, number> = {};
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    const result = await work();
    seconds[name] = Math.round((performance.now() - from) / 100) / 10;
    console.error(`${title}: ${name} ${seconds[name]} s`);
    return result;
  };
  return { seconds, timed };
}

function millilitres(mask: Uint8Array, [z, y, x]: Triple): number {
  return (sum(mask) * z * y * x) / 1000;
}
function sum(v: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < v.length; i++) total += v[i]!;
  return total;
}
function mean(v: readonly number[]): number {
  return sum(v) / v.length;
}
/** The document, from the numbers that are there. */
async function writeDocument(): Promise<void> {
  const parts = [
    '# HyperSORT: measured results',
    '',
    'Written by `examples/hypersort-results.ts` from the numbers in `hypersort-results/`; every figure below was measured, and only what is listed was run. Labels were spoilt on purpose, so that it is known which are wrong; no method was told. Testing cases have untouched labels and were not trained on.',
    '',
  ];
  for (const [set, experiment] of Object.entries(EXPERIMENTS)) {
    const results = readdirSync(folder)
      .filter((name) => name.startsWith(`${set}-`) && name.endsWith('.json'))
      .sort()
      .map((name) => readResult(join(folder, name))!);
    if (results.length > 0) parts.push(...(await describeSet(set, experiment, results)));
  }
  writeFileSync(join(values.out, 'hypersort-results.md'), `${parts.join('\n')}\n`);
}

async function describeSet(set: string, experiment: Experiment, results: readonly Result[]): Promise<string[]> {
  const { grid, baseFeatures, levels, epochs, foldEpochs, groups } = experiment;
  const seeds = results.map((r) => r.seed);
  const first = results[0]!;
  const row = (name: string, pick: (r: Result) => number | null | undefined, digits = 3) => {
    const numbers = results.map(pick);
    const known = numbers.filter((v): v is number => typeof v === 'number' && Number.isFinite(v));
    const cells = numbers.map((v) => (typeof v === 'number' && Number.isFinite(v) ? v.toFixed(digits) : 'not run'));
    const middle = known.length === 0 ? '' : mean(known).toFixed(digits);
    const spread = known.length < 2 ? '' : ` ± ${deviation(known).toFixed(digits)}`;
    return `| ${[name, ...cells, `${middle}${spread}`].join(' | ')} |`;
  };
  const head = (title: string) => [
    '',
    `| ${[title, ...seeds.map((s) => `seed ${s}`), 'mean ± sd'].join(' | ')} |`,
    `|---${'|---'.repeat(seeds.length + 1)}|`,
  ];
  const styles = ['clean', ...groups.map(({ name }) => name)];
  const scoreNames = [...new Set(results.flatMap((r) => Object.keys({ ...r.auc, ...r.baselines.auc })))];
  const diceNames = [...new Set(results.flatMap((r) => Object.keys(r.dice)))];
  const picture = `${set}-map.svg`;
  const chart = scatterChart(
    first.latents.map(([group, x, y]) => ({ x: Number(x), y: Number(y), group: String(group) })),
    { xTitle: 'first latent component', yTitle: 'second', width: 420, height: 320 },
  );
  writeFileSync(join(folder, picture), await renderChart(chart));
  return [
    `## ${experiment.title}`,
    '',
    `${first.cases} training cases, ${first.tests} for testing; grid ${grid.shape.join(' x ')} of ${grid.spacingMm.join(' x ')} mm (z, y, x); main network with ${baseFeatures} channels and ${levels} downsampling(s); ${epochs} epochs of one case a step for HyperSORT, the plain and the T-loss U-Nets (Adam ${LEARNING_RATE}, cosine); ${FOLDS} folds of ${foldEpochs} epochs for out-of-fold Dice. Backend ${first.backend}, ${first.threads} thread(s). The seed decides which labels are spoilt and all that is random in training.`,
    '',
    `![Map of seed ${first.seed}](hypersort-results/${picture})`,
    ...head('the map'),
    row(
      groups.length === 2
        ? `AUC of ${groups[0]!.name} against ${groups[1]!.name} along the first principal axis`
        : `AUC of ${groups[0]!.name} against clean along the first principal axis`,
      (r) => r.axisAuc,
    ),
    ...styles.map((s) => row(`mean place of ${s} on that axis`, (r) => r.meanAlongAxis[s])),
    row('training, seconds', (r) => r.seconds, 0),
    ...head('AUC, wrong against clean labels'),
    ...scoreNames.map((n) => row(n, (r) => r.auc[n] ?? r.baselines.auc[n])),
    ...head('Spearman with being wrong'),
    ...scoreNames.map((n) => row(n, (r) => r.spearman[n] ?? r.baselines.spearman[n])),
    ...head('predicted / true volume on testing cases, network at'),
    ...['zero', 'median', ...styles].map((s) =>
      row(s === 'zero' || s === 'median' ? s : `centroid of ${s}`, (r) => r.volumeRatio[s]),
    ),
    ...head('Dice on testing cases'),
    ...diceNames.map((n) => row(n, (r) => (r.dice as Readonly<Record<string, number>>)[n])),
    row('plain U-Net (mean of the networks)', (r) => mean(r.baselines.plain)),
    row('best of the plain U-Nets (oracle)', (r) => (r.baselines.plain.length > 1 ? r.baselines.plainBest : null)),
    row('T-loss U-Net', (r) => r.baselines.tLoss),
    ...head('diversity: sd of Dice over the networks'),
    row(`HyperSORT, ${styles.length} centroids`, (r) => r.diversity),
    row(`plain U-Net, ${PLAIN_NETWORKS} seeds`, (r) => r.baselines.plainDiversity),
    ...head('correction: Dice to the true label, training cases'),
    row('wrong labels as given', (r) => r.correction.given),
    row('wrong labels corrected (median latent)', (r) => r.correction.corrected),
    row('clean labels after the same correction', (r) => r.correction.cleanKept),
    '',
  ];
}

function deviation(v: readonly number[]): number {
  const middle = mean(v);
  return Math.sqrt(v.reduce((total, x) => total + (x - middle) ** 2, 0) / (v.length - 1));
}
