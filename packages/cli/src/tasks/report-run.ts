import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Volume } from '@seg/core';
import type { Dataset, DatasetCase } from '@seg/io';
import { readImage, readLabelMap, writeFileAtomic, writeNifti } from '@seg/io/node';
import { CohortEvaluation, type CohortSummary, evaluateSegmentation } from '@seg/metrics';
import type { CasePicture, CaseRecord } from '@seg/report';
import { buildTrainingReport } from '@seg/report/node';
import { findMethod, predictVolume, type Registry } from '@seg/train';
import { type LoadedRun, loadRun, openRunDataset, readRunLog } from '@seg/train/node';
import { checkAborted } from './check-aborted.ts';
import { rankPictures } from './rank-pictures.ts';
import { reportedRun, writeMapPages } from './reported-run.ts';
import { runFacts } from './run-facts.ts';
import { readSessions } from './run-sessions.ts';
import { scoredLabels, scoredPart } from './scored-part.ts';

export interface ReportRunOptions {
  /** Methods and networks besides those of @seg/train. */
  readonly registry?: Registry;
  readonly onProgress?: (done: number, total: number) => void;
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
}

export interface RunReport {
  /** Path of `report.html`. */
  readonly report: string;
  /** Paths of further pages that the run's method has. */
  readonly pages: readonly string[];
  /** Of the validation cases; undefined where the run has none. */
  readonly summary: CohortSummary | undefined;
}

/**
 * Segments and scores a run's validation cases with its best checkpoint and writes `validation/` (predictions,
 * `cases.csv`, `summary.json`) and `report.html` into the run's folder, with the sections and the pages that its method has.
 * Needs a running backend.
 *
 * What nobody annotated is not scored: voxels with the data set's ignore label count nowhere, and a class that was not
 * annotated in a case has no row for it.
 */
export async function reportRun(run: string, options: ReportRunOptions = {}): Promise<RunReport> {
  const { onWarning, registry = {} } = options;
  const loaded = await loadRun(run, { ...registry, ...(onWarning === undefined ? {} : { onWarning }) });
  try {
    const dataset = await openRunDataset(loaded.config);
    const validated = await validate(run, loaded, dataset, options);
    const { labels, train, validation } = loaded.config.data;
    const reported = reportedRun(run, loaded, dataset, options.signal);
    const sections = (await findMethod(loaded.config.method, registry).report?.(reported)) ?? [];
    const log = readRunLog(run);
    const report = await buildTrainingReport(run, {
      title: `${loaded.config.method} on ${loaded.config.data.name}`,
      subtitle: `step ${loaded.step}, seed ${loaded.config.seed}, ${loaded.config.backend} backend`,
      labels,
      summary: [
        ['training cases', train.length],
        ['validation cases', validation.length],
        ['step of the checkpoint', loaded.step],
        ['patch (z, y, x)', loaded.plan.patchSize.join(' x ')],
        ['spacing (mm)', loaded.plan.preprocessing.spacingMm.map((s) => Number(s.toPrecision(4))).join(' x ')],
        ...runFacts({ sessions: readSessions(run), log, params: trainedParams(loaded), now: new Date() }),
      ],
      ...curves(log, labels),
      cases: validated.records,
      pictures: validated.pictures,
      sections,
      config: loaded.config,
    });
    const pages = await writeMapPages(run, sections, `Labels of ${dataset.name}`);
    return { report, pages, summary: validated.summary };
  } finally {
    loaded.dispose();
  }
}

/** Without teachers and running statistics, which no optimiser changes. */
function trainedParams({ method, params }: LoadedRun) {
  return Object.entries(params).flatMap(([group, tensors]) =>
    method.groups[group]?.optimiser === undefined ? [] : [tensors],
  );
}

function curves(log: ReturnType<typeof readRunLog>, labels: readonly { readonly value: number }[]) {
  return {
    steps: log.flatMap((record) => {
      const loss = record.kind === 'train' ? record.metrics.loss : undefined;
      if (record.kind !== 'train' || loss === undefined) return [];
      const learningRate = Object.values(record.learningRate)[0];
      return [{ step: record.step, loss, ...(learningRate === undefined ? {} : { learningRate }) }];
    }),
    validations: log.flatMap((record) =>
      record.kind === 'validation'
        ? [
            {
              step: record.step,
              dice: Object.fromEntries(
                labels.map(({ value }, i) => [value, record.metrics[`dice${i + 1}`] ?? Number.NaN]),
              ),
            },
          ]
        : [],
    ),
  };
}

async function validate(run: string, loaded: LoadedRun, dataset: Dataset, options: ReportRunOptions) {
  const folder = join(run, 'validation');
  const { validation, labels } = loaded.config.data;
  const { ignoreLabel } = dataset;
  const cases = validation.flatMap((id) => dataset.cases.filter((c) => c.id === id && c.labelPaths.length > 0));
  if (cases.length === 0) return { records: [], pictures: [], summary: undefined };
  await mkdir(join(folder, 'predictions'), { recursive: true });
  const cohort = new CohortEvaluation();
  const records: CaseRecord[] = [];
  const files = new Map<string, string>();
  for (const [i, item] of cases.entries()) {
    await checkAborted('reportRun', options.signal);
    const [image, reference] = [await item.loadImage(), await item.loadLabel()];
    const prediction = await predictVolume(
      loaded,
      image,
      options.signal === undefined ? {} : { signal: options.signal },
    );
    const file = join(folder, 'predictions', predictionName(item, cases));
    const like = await readImage(item.imagePaths[0]!);
    await writeNifti(file, prediction, { like, compressionLevel: 1 });
    files.set(item.id, file);
    const { shape, spacingMm } = reference;
    const maps = { prediction: prediction.data, reference: reference.data };
    const evaluation = evaluateSegmentation({
      ...maps,
      shape,
      spacingMm,
      labels: scoredLabels(labels, item),
      ignoreLabels: ignoreLabel === undefined ? [] : [ignoreLabel],
    });
    if (evaluation.labels.length === 0)
      options.onWarning?.(`nothing is annotated in validation case ${item.id}: it has no score`);
    cohort.add(item.id, evaluation);
    const scores = evaluation.labels.map(({ label, ...row }) => ({ ...row, label: Number(label) }));
    records.push({ id: item.id, scores });
    options.onProgress?.(i + 1, cases.length);
  }
  const summary = cohort.summary();
  await writeFileAtomic(join(folder, 'cases.csv'), cohort.toCsv());
  await writeFileAtomic(join(folder, 'summary.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
  return { records, summary, pictures: await choosePictures(records, cases, files, { labels, ignoreLabel }) };
}

/** The cases that `rankPictures` chooses, with their images and label maps. */
async function choosePictures(
  records: readonly CaseRecord[],
  cases: readonly DatasetCase[],
  files: ReadonlyMap<string, string>,
  {
    labels,
    ignoreLabel,
  }: { readonly labels: readonly { readonly value: number }[]; readonly ignoreLabel: number | undefined },
): Promise<CasePicture[]> {
  const means = records.map(({ id, scores }) => {
    const defined = scores.map(({ dice }) => dice).filter((dice) => !Number.isNaN(dice));
    return { id, dice: defined.reduce((a, b) => a + b, 0) / defined.length };
  });
  const pictures: CasePicture[] = [];
  for (const ranked of rankPictures(means)) {
    const item = cases.find((c) => c.id === ranked.id)!;
    const [image, reference] = [await item.loadImage(), await item.loadLabel()];
    const prediction: Volume = await readLabelMap(files.get(ranked.id)!);
    const scored = scoredLabels(labels, item);
    const part = (map: Volume) => scoredPart(map, reference, { scored, ignoreLabel });
    pictures.push({ ...ranked, image, reference: part(reference), prediction: part(prediction) });
  }
  return pictures;
}

/** The image's own name, where it has one file that no other case's is called like. */
function predictionName(item: DatasetCase, cases: readonly DatasetCase[]): string {
  const nameOf = ({ imagePaths }: DatasetCase) => basename(imagePaths[0]!);
  const name = nameOf(item);
  const isOnly = cases.every((other) => other === item || nameOf(other) !== name);
  const isWritable = item.imagePaths.length === 1 && isOnly && /\.nii(\.gz)?$/i.test(name);
  return isWritable ? name : `${item.id.replaceAll(/[\\/]/g, '_')}.nii.gz`;
}
