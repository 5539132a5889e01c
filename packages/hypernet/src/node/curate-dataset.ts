import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { checkOption, nextTask, SegError } from '@seg/core';
import { type OpenDatasetOptions, requireWritableFolder, writeFileAtomic } from '@seg/io/node';
import { hyperSortUnet } from '@seg/unet3d';
import { volumeScore } from '../baselines/volume-score.ts';
import { labelDiceError, labelForeground } from '../cases/label-voxels.ts';
import type { MapCase } from '../cases/map-case.ts';
import type { WorkingGrid } from '../cases/working-grid.ts';
import { type CurationPlan, LEAST_EPOCHS, planCuration } from '../curate/plan-curation.ts';
import { outOfFoldErrors, qualityErrors } from '../curate/predictors.ts';
import {
  LEAST_FOLD_EPOCHS,
  meansBothErrors,
  type RankedCase,
  rankCases,
  rankingCsv,
  recommendedScore,
} from '../curate/rank-cases.ts';
import { timeBudget } from '../curate/time-budget.ts';
import { type MapSettings, mapSettings, type TrainedMap, trainMap } from '../curate/train-map.ts';
import { formatLatentRecord } from '../latent/latent-history.ts';
import { chooseClusters } from '../map/choose-clusters.ts';
import { componentMedian } from '../map/scores.ts';
import { foregroundMask } from '../map/style-model.ts';
import { readCases } from './read-cases.ts';
import { saveStyleModel } from './style-model-files.ts';
import { writeCorrection } from './write-correction.ts';

export interface CurateOptions {
  /** Folder of the data set, in any layout that `openDataset` knows. */
  readonly data: string;
  /** How the folder is read. Default: told from what it holds; links that lead out of it are refused. */
  readonly dataset?: Pick<OpenDatasetOptions, 'layout' | 'allowLinksOutside'>;
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
const LEAST_WRITING_SECONDS = 20;
const MOST_OUT_OF_FOLD_EPOCHS = 20;
const MOST_FOLDS = 5;
/** From here on tanh hardly has a slope. */
const FLAT = 3;

/**
 * Finds doubtful labels of a data set: trains HyperSORT and the simpler predictors in the given time, and writes
 * `ranking.csv`, `map.json`, `model.safetensors` (see `loadStyleModel`), `latents.jsonl`, `corrected/CASE.nii.gz` and
 * `disagreement/CASE.nii.gz` into the folder of the run. The page `report.html` is made from the result by
 * `renderMapReport` of @seg/report.
 *
 * Scans whose axes are stored in different orders or directions are turned alike. Cases that are not annotated for all
 * labels looked at are left out, with a warning; voxels of the data set's `ignoreLabel` count nowhere. Map and model are
 * on disk before the simpler predictors train; a predictor whose training diverges leaves its column empty. The
 * out-of-fold error of a scan is by a network that has seen no scan of the same patient; with one patient there is none.
 *
 * A backend must have been started. With `plan` and enough time the result depends on data, options and seed alone.
 *
 * @throws SegError `invalid-argument` for fewer than 8 cases with these labels, labels that the data set does not have, or
 * a folder that holds something, and what reading the data set throws.
 */
export async function curateDataset(options: CurateOptions): Promise<CurationResult> {
  const { data, out, seed = 0, minutes = 30, signal, clock = () => performance.now() } = options;
  const { settings = {}, correct = 'flagged', onProgress = () => {}, onWarning = () => {} } = options;
  const warnings: string[] = [];
  const warn = (message: string) => {
    warnings.push(message);
    onWarning(message);
  };
  checkOptions(options);
  const resolved = mapSettings(settings);
  await refuseUsedFolder(out);
  const budget = timeBudget(60 * minutes, clock, signal);
  const read = await readCases<CurationPlan>({
    data,
    warn,
    onRead: (done, total) => onProgress('reading', done, total),
    ...(options.dataset === undefined ? {} : { dataset: options.dataset }),
    ...(options.labels === undefined ? {} : { labels: options.labels }),
    ...(signal === undefined ? {} : { signal }),
    plan: (extents, { channels, unread }) => {
      if (options.plan !== undefined) return { ...options.plan, secondsPerStep: Number.NaN };
      // Scans that were not kept are read again, and writing takes as long as reading at most.
      const [left, reading] = [budget.left(), budget.spent()];
      return planCuration(extents, {
        cases: extents.length,
        channels,
        seconds: SHARES.map * Math.max(left / 2, left - reading * (1 + unread)),
        clock,
        hyper: resolved.hyper,
      });
    },
  });
  const { dataset, plan } = read;
  const cases = read.cases.map(({ working }) => working);
  const unseen = cases.map(({ label }) => labelForeground(label).every((v) => v === 0));
  warnOfLabels(cases, unseen, warn);
  // Only now: a request that fails before leaves nothing behind.
  for (const name of ['corrected', 'disagreement']) await mkdir(join(out, name), { recursive: true });
  const network = hyperSortUnet({
    baseFeatures: plan.baseFeatures,
    levels: plan.levels,
    convs: plan.convs ?? 1,
    inputChannels: dataset.channels.length,
    recompute: plan.recompute ?? false,
  });
  const total = budget.left();
  const writingSeconds = Math.min(SHARES.writing * total, budget.spent() + LEAST_WRITING_SECONDS);

  const mapTime = budget.limit((SHARES.map + 0.1) * total);
  const history = join(out, 'latents.jsonl');
  await writeFile(history, '');
  let written = Promise.resolve();
  const map = await trainMap(cases, {
    ...resolved,
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
    const { saturation = 0 } = map.history.at(-1) ?? {};
    if (saturation >= FLAT)
      warn(`weights have reached their bound (pre-activation ${saturation.toFixed(1)}): styles may differ too little`);
    const clustering = chooseClusters(map.latents, { seed });
    // The origin can drift away from where most cases lie; the median cannot.
    const dominantLatent = componentMedian(map.latents);
    const probabilities: Float32Array[] = [];
    for (const c of cases) {
      await nextTask();
      signal?.throwIfAborted();
      probabilities.push(await map.model.probabilities(c, dominantLatent));
    }
    const dominant = probabilities.map(foregroundMask);

    const document = {
      schemaVersion: 1,
      dataset: dataset.name,
      data: basename(data),
      seed,
      minutes,
      labels: options.labels ?? 'all',
      channels: dataset.channels.length,
      plan,
      settings: resolved,
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

    const patients = new Set(cases.map(({ info }) => info.patient)).size;
    const folds = Math.min(MOST_FOLDS, patients);
    const casesPerFold = cases.length * (1 - 1 / folds);
    const sentinelSeconds = SHARES.sentinel * total;
    if (folds < 2) warn('out-of-fold Dice is missing: all scans are of one patient');
    const outOfFold =
      folds < 2
        ? undefined
        : await unlessDiverged('out-of-fold Dice', () =>
            outOfFoldErrors(cases, {
              network,
              folds,
              steps: Math.round(Math.min(plan.epochs, MOST_OUT_OF_FOLD_EPOCHS) * casesPerFold),
              fitToTime: options.plan === undefined,
              seed,
              // What the map and the rest leave over; writing takes as long as reading at most.
              seconds: Math.max(SHARES.outOfFold * total, budget.left() - sentinelSeconds - writingSeconds),
              budget,
              onStep: (done, all) => onProgress('out-of-fold Dice', done, all),
            }),
          );
    signal?.throwIfAborted();
    const quality = await unlessDiverged('quality regressor', () =>
      qualityErrors(cases, {
        seed,
        seconds: sentinelSeconds,
        budget,
        onStep: (done, all) => onProgress('quality regressor', done, all),
      }),
    );
    signal?.throwIfAborted();

    const foldSteps = outOfFold?.steps ?? 0;
    const volumesMl = cases.map(({ volumeMl }) => volumeMl);
    const scores = { outOfFold: outOfFold?.errors ?? [], foldEpochs: foldSteps / casesPerFold };
    if (scores.outOfFold.length > 0 && !meansBothErrors(scores)) {
      warn(
        `label_disagreement is the dominant style's error alone: the networks of the out-of-fold error were trained for ${scores.foldEpochs.toFixed(1)} epochs, and ${LEAST_FOLD_EPOCHS} are the least`,
      );
    }
    const ranking = rankCases({
      ...scores,
      unseen,
      ids: cases.map(({ info }) => info.id),
      latents: map.latents,
      clusters: clustering.clusters,
      volumesMl,
      volumeOnly: volumeScore(volumesMl),
      sentinel: quality ?? [],
      dominant: dominant.map((mask, i) => labelDiceError(mask, cases[i]!.label, cases[i]!.labelOutside)),
    });
    await writeFileAtomic(join(out, 'ranking.csv'), rankingCsv(ranking));
    const chosen = ranking.filter((row) => correct === 'all' || row.flagged).map((row) => row.case);
    for (const [i, id] of chosen.entries()) {
      await nextTask();
      signal?.throwIfAborted();
      const index = cases.findIndex(({ info }) => info.id === id);
      await writeCorrection(out, read.cases[index]!, probabilities[index]!, {
        ...read.foreground,
        declaredLabels: dataset.labels.map(({ value }) => value),
      });
      onProgress('writing', i + 1, chosen.length);
    }
    const seconds = budget.spent();
    await writeMap({
      seconds: Math.round(seconds),
      steps: { map: map.steps, outOfFold: foldSteps, folds },
      labelDisagreement: meansBothErrors(scores)
        ? 'mean of dominant_style_dice_error and out_of_fold_dice_error'
        : 'dominant_style_dice_error',
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

  /** What a predictor found, or nothing where its training diverged: what the others found is not lost with it. */
  async function unlessDiverged<T>(stage: CurationStage, predict: () => Promise<T>): Promise<T | undefined> {
    try {
      return await predict();
    } catch (error) {
      if (!(error instanceof SegError) || error.code !== 'numerical-failure') throw error;
      warn(`${stage} is missing: ${error.message}`);
      return undefined;
    }
  }
}

/** Part of a label outside of the grid from which on it is said. */
const MUCH_OUTSIDE = 0.01;

/** Says of which labels nothing, or not all, can be seen. */
function warnOfLabels(cases: readonly MapCase[], unseen: readonly boolean[], warn: (message: string) => void): void {
  const say = (are: (c: MapCase, i: number) => boolean, what: string) => {
    const ids = cases.filter(are).map(({ info }) => info.id);
    if (ids.length > 0) warn(`${ids.length} of ${cases.length} labels ${what}: ${listOf(ids)}`);
  };
  say(({ volumeMl }) => volumeMl === 0, 'are empty');
  say(({ volumeMl }, i) => unseen[i]! && volumeMl > 0, 'are too small or too far off to be seen on the working grid');
  say(
    ({ label, labelOutside = 0 }, i) => {
      const onGrid = labelForeground(label).reduce((a, b) => a + b, 0);
      return !unseen[i]! && labelOutside > MUCH_OUTSIDE * (labelOutside + onGrid);
    },
    `lie outside of the working grid by more than ${100 * MUCH_OUTSIDE} %`,
  );
}

const listOf = (ids: readonly string[]) => (ids.length > 8 ? `${ids.slice(0, 8).join(', ')}, ...` : ids.join(', '));

async function refuseUsedFolder(out: string): Promise<void> {
  await requireWritableFolder('curateDataset', out);
  const held = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    return refuse('the run cannot be written there', out, `It is no folder, or not readable (${error.code}).`);
  });
  if (held.length > 0)
    refuse(`the folder ${out} is not empty`, held.length, 'Name a new folder; nothing is overwritten.');
}

function checkOptions({ minutes = 30, labels, correct = 'flagged', plan }: CurateOptions): void {
  if (!(minutes > 0)) refuse('minutes must be positive', minutes);
  checkOption('curateDataset', 'correct', correct, ['flagged', 'all']);
  if (plan !== undefined) checkGrid(plan.grid);
  if (labels !== undefined && (labels.length === 0 || !labels.every((v) => Number.isInteger(v) && v > 0))) {
    refuse('labels must be whole numbers above 0', labels);
  }
}

function checkGrid({ shape, spacingMm, centre }: WorkingGrid): void {
  checkOption('curateDataset', 'plan.grid.centre', centre, ['image', 'label']);
  if (shape.length !== 3 || !shape.every((n) => Number.isInteger(n) && n > 0))
    refuse('plan.grid.shape must be three positive whole numbers', shape);
  if (spacingMm.length !== 3 || !spacingMm.every((mm) => mm > 0 && Number.isFinite(mm)))
    refuse('plan.grid.spacingMm must be three positive numbers', spacingMm);
}

function refuse(problem: string, got: unknown, hint?: string): never {
  throw new SegError('invalid-argument', {
    where: 'curateDataset',
    problem,
    got,
    ...(hint === undefined ? {} : { hint }),
  });
}
