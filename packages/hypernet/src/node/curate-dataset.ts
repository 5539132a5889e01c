import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SegError, type Volume } from '@seg/core';
import type { DatasetCase } from '@seg/io';
import { openDataset, writeFileAtomic, writeImage } from '@seg/io/node';
import { dice } from '@seg/metrics';
import { hyperSortUnet } from '@seg/unet3d';
import { plainUnet } from '../baselines/plain-unet.ts';
import { outOfFoldDice } from '../baselines/test-dice.ts';
import { trainBaseline } from '../baselines/train-baseline.ts';
import { trainSentinel } from '../baselines/train-sentinel.ts';
import { volumeScore } from '../baselines/volume-score.ts';
import { foreground, type MapCase, measureExtent, prepareMapCase } from '../cases/map-case.ts';
import { restoreMask } from '../cases/restore-mask.ts';
import type { CaseExtent } from '../cases/working-grid.ts';
import { type CurationPlan, planCuration } from '../curate/plan-curation.ts';
import { type RankedCase, rankCases, rankingCsv, recommendedScore } from '../curate/rank-cases.ts';
import { type MapSettings, shortMapSettings, type TrainedMap, trainMap } from '../curate/train-map.ts';
import { formatLatentRecord } from '../latent/latent-history.ts';
import { chooseClusters } from '../map/choose-clusters.ts';
import { correctLabel } from '../map/correct-label.ts';
import { componentMedian } from '../map/scores.ts';

export interface CurateOptions {
  /** Folder of the data set, in any layout that `openDataset` knows. */
  readonly data: string;
  /** Folder of the run, new or empty. */
  readonly out: string;
  /** Label values that form the foreground; default: all of the data set, merged. */
  readonly labels?: readonly number[];
  /** Default 0. */
  readonly seed?: number;
  /** For everything, reading and writing included; default 30. */
  readonly minutes?: number;
  /** Grid, network and epochs, in place of those chosen for the time. */
  readonly plan?: Omit<CurationPlan, 'secondsPerStep'>;
  /** Of the training of the map, in place of `shortMapSettings`. */
  readonly settings?: MapSettings;
  /** Cases of which corrected labels are written: all, or the flagged ones (default). */
  readonly correct?: 'flagged' | 'all';
  readonly signal?: AbortSignal;
  /** `loss` is that of one step of HyperSORT. */
  readonly onProgress?: (stage: CurationStage, done: number, total: number, loss?: number) => void;
  /** Milliseconds that never go back; default performance.now. */
  readonly clock?: () => number;
}

export type CurationStage = 'reading' | 'HyperSORT' | 'out-of-fold Dice' | 'quality regressor' | 'writing';

/** A case as the report shows it. */
export interface CuratedCase {
  readonly working: MapCase;
  /** Segmentation in the dominant style, on the working grid. */
  readonly dominant: Uint8Array;
}

export interface CurationResult {
  readonly out: string;
  readonly dataset: string;
  /** Most suspect first, by `recommendedScore`. */
  readonly ranking: readonly RankedCase[];
  readonly recommendedScore: keyof RankedCase;
  /** In the order of the data set. */
  readonly cases: readonly CuratedCase[];
  readonly map: Pick<TrainedMap, 'latents' | 'history' | 'steps'>;
  readonly clusters: { readonly centroids: readonly (readonly number[])[]; readonly silhouette: number };
  readonly plan: CurationPlan;
  readonly seconds: number;
}

/** Parts of the time that is left after reading. */
const SHARES = { map: 0.55, outOfFold: 0.25, sentinel: 0.06 };
const MOST_OUT_OF_FOLD_EPOCHS = 20;
const SENTINEL_EPOCHS = 8;
const LEAST_CASES = 8;

/**
 * Finds doubtful labels of a data set: trains HyperSORT and the simpler predictors in the given time, and writes
 * `ranking.csv`, `map.json`, `latents.jsonl`, `corrected/CASE.nii.gz` and `disagreement/CASE.nii.gz` into the folder
 * of the run. The page `report.html` is made from the result by `renderMapReport` of @seg/report.
 *
 * A backend must have been started. With `plan` and enough time the result depends on data, options and seed alone.
 *
 * @throws SegError `invalid-argument` for fewer than 8 labelled cases or a folder that holds something, and what
 * reading the data set throws.
 */
export async function curateDataset(options: CurateOptions): Promise<CurationResult> {
  const { data, out, seed = 0, minutes = 30, signal, clock = () => performance.now() } = options;
  const { settings = {}, correct = 'flagged', onProgress = () => {} } = options;
  const startedAt = clock();
  const secondsLeft = () => minutes * 60 - (clock() - startedAt) / 1000;
  checkOptions(options);
  await refuseUsedFolder(out);
  const dataset = await openDataset(data);
  const labelled = dataset.cases.filter((c) => c.labelPaths.length > 0);
  if (labelled.length < LEAST_CASES) refuse(`a map needs ${LEAST_CASES} labelled cases at least`, labelled.length);
  // Voxels that nobody annotated are no foreground.
  const annotated = dataset.ignoreLabel === undefined ? undefined : dataset.labels.map(({ value }) => value);
  const labels = options.labels ?? annotated;
  const named = labels === undefined ? {} : { labels };
  const extents: CaseExtent[] = [];
  for (const item of labelled) {
    signal?.throwIfAborted();
    extents.push(measureExtent(await item.loadImage(), await item.loadLabel(), named));
    onProgress('reading', extents.length, 2 * labelled.length);
  }
  const plan: CurationPlan =
    options.plan === undefined
      ? await planCuration(extents, {
          cases: labelled.length,
          channels: dataset.channels.length,
          // Reading once more and writing take about as long as the first pass did.
          seconds: SHARES.map * (secondsLeft() - 3 * (minutes * 60 - secondsLeft())),
          clock,
          ...(settings.hyper === undefined ? {} : { hyper: settings.hyper }),
        })
      : { ...options.plan, secondsPerStep: Number.NaN };
  const cases: MapCase[] = [];
  for (const item of labelled) {
    signal?.throwIfAborted();
    const [image, label] = [await item.loadImage(), await item.loadLabel()];
    cases.push(prepareMapCase(item.id, image, label, plan.grid, named));
    onProgress('reading', labelled.length + cases.length, 2 * labelled.length);
  }
  // Only now: a request that fails before leaves nothing behind.
  for (const name of ['corrected', 'disagreement']) await mkdir(join(out, name), { recursive: true });
  const network = hyperSortUnet({
    baseFeatures: plan.baseFeatures,
    levels: plan.levels,
    convs: plan.convs ?? 1,
    inputChannels: dataset.channels.length,
  });
  const total = secondsLeft();
  const until = (share: number) => stopAfter(share * total, clock, signal);

  const mapTime = until(SHARES.map + 0.1);
  const history = join(out, 'latents.jsonl');
  await writeFile(history, '');
  let written = Promise.resolve();
  const map = await trainMap(cases, {
    ...settings,
    network,
    epochs: plan.epochs,
    seed,
    signal: mapTime.signal,
    onStep: (step, steps, loss) => {
      mapTime.check();
      onProgress('HyperSORT', step, steps, loss);
    },
    onLatents: (record) => {
      written = written.then(() => appendFile(history, formatLatentRecord(record)));
    },
  });
  try {
    await written;
    signal?.throwIfAborted();
    const clustering = chooseClusters(map.latents, { seed });
    // The origin can drift away from where most cases lie; the median cannot.
    const dominantLatent = componentMedian(map.latents);
    const probabilities: Float32Array[] = [];
    for (const c of cases) probabilities.push(await map.model.probabilities(c, dominantLatent));
    const dominant = probabilities.map((p) => Uint8Array.from(p, (v) => (v >= 0.5 ? 1 : 0)));

    const folds = Math.min(5, cases.length);
    const perFold = Math.round(Math.min(plan.epochs, MOST_OUT_OF_FOLD_EPOCHS) * cases.length * (1 - 1 / folds));
    const foldSteps = Math.max(20, Math.min(perFold, stepsFor(SHARES.outOfFold * total, map, plan, folds)));
    // The fewest steps that a fold had time for.
    let doneFoldSteps = foldSteps;
    const outOfFold = await outOfFoldDice(
      cases,
      async (training, fold) => {
        // Each fold has its own part of the time, so that a slow machine cuts them alike.
        const foldTime = until(SHARES.outOfFold / folds);
        const trained = await trainBaseline(
          plainUnet({ network, learningRate: 2e-3, schedule: { kind: 'poly' } }),
          training,
          {
            steps: foldSteps,
            seed: seed + fold,
            signal: foldTime.signal,
            onStep: (step) => {
              foldTime.check();
              onProgress('out-of-fold Dice', fold * foldSteps + step, folds * foldSteps);
            },
          },
        );
        doneFoldSteps = Math.min(doneFoldSteps, trained.steps);
        return trained;
      },
      { folds, seed },
    );
    signal?.throwIfAborted();
    const sentinelTime = until(SHARES.sentinel);
    const sentinelSteps = Math.max(20, SENTINEL_EPOCHS * cases.length);
    const sentinel = await trainSentinel(cases, {
      steps: sentinelSteps,
      seed,
      signal: sentinelTime.signal,
      onStep: (step) => {
        sentinelTime.check();
        onProgress('quality regressor', step, sentinelSteps);
      },
    });
    const quality: number[] = [];
    for (const c of cases) quality.push(1 - (await sentinel.quality(c, c.label)));
    sentinel.dispose();
    signal?.throwIfAborted();

    const ranking = rankCases({
      ids: cases.map(({ info }) => info.id),
      latents: map.latents,
      clusters: clustering.clusters,
      volumesMl: cases.map(({ volumeMl }) => volumeMl),
      volumeOnly: volumeScore(cases.map(({ volumeMl }) => volumeMl)),
      outOfFold: outOfFold.errors,
      sentinel: quality,
      dominant: dominant.map((mask, i) => 1 - dice(mask, cases[i]!.label, { empty: 1 })),
    });
    await writeFileAtomic(join(out, 'ranking.csv'), rankingCsv(ranking));
    const chosen = ranking.filter((row) => correct === 'all' || row.flagged).map((row) => row.case);
    for (const [i, id] of chosen.entries()) {
      signal?.throwIfAborted();
      const index = cases.findIndex(({ info }) => info.id === id);
      await writeCorrection(out, labelled[index]!, cases[index]!, probabilities[index]!, labels);
      onProgress('writing', i + 1, chosen.length);
    }
    const seconds = (clock() - startedAt) / 1000;
    const document = {
      schemaVersion: 1,
      dataset: dataset.name,
      data: basename(data),
      seed,
      minutes,
      seconds: Math.round(seconds),
      labels: options.labels ?? 'all',
      plan,
      settings: { ...shortMapSettings, ...settings },
      steps: { map: map.steps, outOfFold: doneFoldSteps, folds },
      recommendedScore,
      dominantLatent,
      clusters: { centroids: clustering.centroids, silhouette: clustering.silhouette },
      cases: cases.map(({ info, volumeMl }, i) => ({
        case: info.id,
        latent: map.latents[i],
        cluster: clustering.clusters[i],
        volumeMl,
      })),
    };
    await writeFileAtomic(join(out, 'map.json'), `${JSON.stringify(document, null, 2)}\n`);
    return {
      out,
      dataset: dataset.name,
      ranking,
      recommendedScore,
      cases: cases.map((working, i) => ({ working, dominant: dominant[i]! })),
      map: { latents: map.latents, history: map.history, steps: map.steps },
      clusters: { centroids: clustering.centroids, silhouette: clustering.silhouette },
      plan,
      seconds,
    };
  } finally {
    map.model.dispose();
  }
}

async function writeCorrection(
  out: string,
  item: DatasetCase,
  working: MapCase,
  probabilities: Float32Array,
  labels: readonly number[] | undefined,
): Promise<void> {
  const given = await item.loadLabel();
  const predicted = restoreMask(probabilities, working, given.shape);
  const isForeground = foreground(labels);
  const values = labels ?? [...new Set(given.data)].filter(isForeground).sort((a, b) => a - b);
  const { corrected, map } = correctLabel(given.data, predicted, {
    shape: given.shape,
    labels: values.length > 0 ? values : [1],
  });
  const like = (data: Uint8Array | Int16Array | Int32Array): Volume => ({ ...given, data });
  await writeImage(join(out, 'corrected', `${item.id}.nii.gz`), like(corrected));
  await writeImage(join(out, 'disagreement', `${item.id}.nii.gz`), like(map));
}

async function refuseUsedFolder(out: string): Promise<void> {
  const held = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    return refuse('the run cannot be written there', out, `It is no folder, or not readable (${error.code}).`);
  });
  if (held.length > 0)
    refuse(`the folder ${out} is not empty`, held.length, 'Name a new folder; nothing is overwritten.');
}

function checkOptions({ minutes = 30, labels }: CurateOptions): void {
  if (!(minutes > 0)) refuse('minutes must be positive', minutes);
  if (labels !== undefined && (labels.length === 0 || !labels.every((v) => Number.isInteger(v) && v > 0))) {
    refuse('labels must be whole numbers above 0', labels);
  }
}

function refuse(problem: string, got: unknown, hint?: string): never {
  throw new SegError('invalid-argument', {
    where: 'curateDataset',
    problem,
    got,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Steps of one fold for which there is time, by the speed that HyperSORT had. */
function stepsFor(seconds: number, map: TrainedMap, plan: CurationPlan, folds: number): number {
  const perStep = Number.isFinite(plan.secondsPerStep) ? plan.secondsPerStep : undefined;
  return perStep === undefined ? map.steps : Math.floor(seconds / folds / perStep);
}

/** A signal that fires after some seconds of the clock, once somebody asks, or when the outer one does. */
function stopAfter(seconds: number, clock: () => number, outer: AbortSignal | undefined) {
  const controller = new AbortController();
  const end = clock() + 1000 * seconds;
  outer?.addEventListener('abort', () => controller.abort(outer.reason), { once: true });
  if (outer?.aborted === true) controller.abort(outer.reason);
  return {
    signal: controller.signal,
    check: () => {
      if (clock() > end) controller.abort();
    },
  };
}
