import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SegError, type Volume } from '@seg/core';
import { axisCodesOf, commonOrientation, type DatasetCase, reorient, type StoredGrid } from '@seg/io';
import { openDataset, writeFileAtomic } from '@seg/io/node';
import { dice } from '@seg/metrics';
import { hyperSortUnet } from '@seg/unet3d';
import { plainUnet } from '../baselines/plain-unet.ts';
import { outOfFoldDice } from '../baselines/test-dice.ts';
import { trainBaseline } from '../baselines/train-baseline.ts';
import { trainSentinel } from '../baselines/train-sentinel.ts';
import { volumeScore } from '../baselines/volume-score.ts';
import { type MapCase, measureExtent, prepareMapCase } from '../cases/map-case.ts';
import { turnExtent } from '../cases/turn-extent.ts';
import type { CaseExtent } from '../cases/working-grid.ts';
import { type CurationPlan, LEAST_EPOCHS, planCuration } from '../curate/plan-curation.ts';
import { type RankedCase, rankCases, rankingCsv, recommendedScore } from '../curate/rank-cases.ts';
import { type MapSettings, shortMapSettings, type TrainedMap, trainMap } from '../curate/train-map.ts';
import { formatLatentRecord } from '../latent/latent-history.ts';
import { chooseClusters } from '../map/choose-clusters.ts';
import { componentMedian } from '../map/scores.ts';
import { saveStyleModel } from './style-model-files.ts';
import { writeCorrection } from './write-correction.ts';

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
  /** Told what makes the result less than it could be; `CurationResult.warnings` and map.json have it too. */
  readonly onWarning?: (message: string) => void;
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
  readonly warnings: readonly string[];
}

/** Parts of the time that is left after reading. */
const SHARES = { map: 0.55, outOfFold: 0.25, sentinel: 0.06, writing: 0.08 };
const MOST_OUT_OF_FOLD_EPOCHS = 20;
const SENTINEL_EPOCHS = 8;
const LEAST_CASES = 8;
/** Scans up to this many bytes stay in memory between the two passes over them. */
const KEPT_BYTES = 1 << 30;

/**
 * Finds doubtful labels of a data set: trains HyperSORT and the simpler predictors in the given time, and writes
 * `ranking.csv`, `map.json`, `model.safetensors` (see `loadStyleModel`), `latents.jsonl`, `corrected/CASE.nii.gz` and
 * `disagreement/CASE.nii.gz` into the folder of the run. The page `report.html` is made from the result by
 * `renderMapReport` of @seg/report.
 *
 * Scans whose axes are stored in different orders or directions are turned alike. Cases that are not annotated for all
 * labels looked at are left out, with a warning. Map and model are on disk before the simpler predictors train; a
 * predictor whose training diverges leaves its column empty.
 *
 * A backend must have been started. With `plan` and enough time the result depends on data, options and seed alone.
 *
 * @throws SegError `invalid-argument` for fewer than 8 cases with these labels or a folder that holds something, and
 * what reading the data set throws.
 */
export async function curateDataset(options: CurateOptions): Promise<CurationResult> {
  const { data, out, seed = 0, minutes = 30, signal, clock = () => performance.now() } = options;
  const { settings = {}, correct = 'flagged', onProgress = () => {}, onWarning = () => {} } = options;
  const warnings: string[] = [];
  const warn = (message: string) => {
    warnings.push(message);
    onWarning(message);
  };
  const startedAt = clock();
  const secondsLeft = () => minutes * 60 - (clock() - startedAt) / 1000;
  checkOptions(options);
  await refuseUsedFolder(out);
  const dataset = await openDataset(data);
  // Voxels that nobody annotated are no foreground.
  const annotated = dataset.ignoreLabel === undefined ? undefined : dataset.labels.map(({ value }) => value);
  const labels = options.labels ?? annotated;
  const named = labels === undefined ? {} : { labels };
  const wanted = options.labels ?? dataset.labels.map(({ value }) => value);
  const withLabel = dataset.cases.filter((c) => c.labelPaths.length > 0);
  const labelled = withLabel.filter((c) => wanted.every((v) => c.annotatedLabels?.includes(v) !== false));
  if (labelled.length < LEAST_CASES) refuse(`a map needs ${LEAST_CASES} labelled cases at least`, labelled.length);
  const left = withLabel.length - labelled.length;
  if (left > 0)
    warn(`${left} of ${withLabel.length} cases are left out: not annotated for all of ${wanted.join(', ')}`);
  const extents: CaseExtent[] = [];
  const grids: StoredGrid[] = [];
  const kept = new Map<string, LoadedCase>();
  let keptBytes = 0;
  for (const item of labelled) {
    signal?.throwIfAborted();
    const loaded = await loadCase(item);
    extents.push(measureExtent(loaded.image, loaded.label, named));
    grids.push({ axisCodes: axisCodesOf(loaded.image.affine), spacingMm: loaded.image.spacingMm });
    keptBytes += loaded.image.data.byteLength + loaded.label.data.byteLength;
    if (keptBytes <= KEPT_BYTES) kept.set(item.id, loaded);
    onProgress('reading', extents.length, 2 * labelled.length);
  }
  const common = commonOrientation(grids);
  // Axes that every case is brought to; as stored where turning would lay slices along different axes.
  const axes = grids.map(({ axisCodes }) => common ?? axisCodes);
  const turned = extents.map((extent, i) => turnExtent(extent, grids[i]!.axisCodes, axes[i]!));
  if (common === undefined)
    warn('scans are stored in different orientations that cannot be brought to one (oblique stacks): used as stored');
  const plan: CurationPlan =
    options.plan === undefined
      ? await planCuration(turned, {
          cases: labelled.length,
          channels: dataset.channels.length,
          seconds: SHARES.map * secondsToTrain(),
          clock,
          ...(settings.hyper === undefined ? {} : { hyper: settings.hyper }),
        })
      : { ...options.plan, secondsPerStep: Number.NaN };
  // Scans that were not kept are read again, and writing takes as long as reading at most.
  function secondsToTrain(): number {
    const reading = minutes * 60 - secondsLeft();
    return Math.max(secondsLeft() / 2, secondsLeft() - reading * (2 - kept.size / labelled.length));
  }
  const cases: MapCase[] = [];
  for (const [i, item] of labelled.entries()) {
    signal?.throwIfAborted();
    const { image, label } = kept.get(item.id) ?? (await loadCase(item));
    kept.delete(item.id);
    cases.push(prepareMapCase(item.id, reorient(image, axes[i]!), reorient(label, axes[i]!), plan.grid, named));
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
  }).finally(() => written);
  try {
    signal?.throwIfAborted();
    const epochsDone = Number((map.steps / cases.length).toFixed(1));
    if (options.plan === undefined && epochsDone < LEAST_EPOCHS)
      warn(`the map was trained for ${epochsDone} epochs, and ${LEAST_EPOCHS} are the least: give more --minutes`);
    const clustering = chooseClusters(map.latents, { seed });
    // The origin can drift away from where most cases lie; the median cannot.
    const dominantLatent = componentMedian(map.latents);
    const probabilities: Float32Array[] = [];
    for (const c of cases) probabilities.push(await map.model.probabilities(c, dominantLatent));
    const dominant = probabilities.map((p) => Uint8Array.from(p, (v) => (v >= 0.5 ? 1 : 0)));

    const document = {
      schemaVersion: 1,
      dataset: dataset.name,
      data: basename(data),
      seed,
      minutes,
      labels: options.labels ?? 'all',
      channels: dataset.channels.length,
      plan,
      settings: { ...shortMapSettings, ...settings },
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
    const writeMap = (more: object) =>
      writeFileAtomic(join(out, 'map.json'), `${JSON.stringify({ ...document, ...more, warnings }, null, 2)}\n`);
    await saveStyleModel(out, map.model);
    await writeMap({ steps: { map: map.steps } });

    const folds = Math.min(5, cases.length);
    const perFold = Math.round(Math.min(plan.epochs, MOST_OUT_OF_FOLD_EPOCHS) * cases.length * (1 - 1 / folds));
    // What the map left over goes to the folds.
    const foldShare = Math.max(SHARES.outOfFold, secondsLeft() / total - SHARES.sentinel - SHARES.writing);
    const foldSteps = Math.max(20, Math.min(perFold, stepsFor(foldShare * total, map, plan, folds)));
    // The fewest steps that a fold had time for.
    let doneFoldSteps = foldSteps;
    const outOfFold = await orEmpty('out-of-fold Dice', () =>
      outOfFoldDice(
        cases,
        async (training, fold) => {
          // Each fold has its own part of the time, so that a slow machine cuts them alike.
          const foldTime = until(foldShare / folds);
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
      ).then(({ errors }) => errors),
    );
    signal?.throwIfAborted();
    const quality = await orEmpty('quality regressor', async () => {
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
      try {
        const errors: number[] = [];
        for (const c of cases) errors.push(1 - (await sentinel.quality(c, c.label)));
        return errors;
      } finally {
        sentinel.dispose();
      }
    });
    signal?.throwIfAborted();

    const ranking = rankCases({
      ids: cases.map(({ info }) => info.id),
      latents: map.latents,
      clusters: clustering.clusters,
      volumesMl: cases.map(({ volumeMl }) => volumeMl),
      volumeOnly: volumeScore(cases.map(({ volumeMl }) => volumeMl)),
      outOfFold,
      outOfFoldEpochs: doneFoldSteps / (cases.length * (1 - 1 / folds)),
      sentinel: quality,
      dominant: dominant.map((mask, i) => 1 - dice(mask, cases[i]!.label, { empty: 1 })),
    });
    await writeFileAtomic(join(out, 'ranking.csv'), rankingCsv(ranking));
    const chosen = ranking.filter((row) => correct === 'all' || row.flagged).map((row) => row.case);
    for (const [i, id] of chosen.entries()) {
      signal?.throwIfAborted();
      const index = cases.findIndex(({ info }) => info.id === id);
      await writeCorrection(out, labelled[index]!, cases[index]!, probabilities[index]!, axes[index]!, labels);
      onProgress('writing', i + 1, chosen.length);
    }
    const seconds = (clock() - startedAt) / 1000;
    await writeMap({
      seconds: Math.round(seconds),
      steps: { map: map.steps, outOfFold: doneFoldSteps, folds },
    });
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
      warnings,
    };
  } finally {
    map.model.dispose();
  }

  /** The scores of a predictor, or none where its training diverged: what the others found is not lost with it. */
  async function orEmpty(stage: CurationStage, scores: () => Promise<number[]>): Promise<number[]> {
    try {
      return await scores();
    } catch (error) {
      if (!(error instanceof SegError) || error.code !== 'numerical-failure') throw error;
      warn(`${stage} is missing: ${error.message}`);
      return [];
    }
  }
}

interface LoadedCase {
  readonly image: Volume;
  readonly label: Volume;
}

/** A scan, and its label on the same axes. */
async function loadCase(item: DatasetCase): Promise<LoadedCase> {
  const image = await item.loadImage();
  return { image, label: reorient(await item.loadLabel(), axisCodesOf(image.affine)) };
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
