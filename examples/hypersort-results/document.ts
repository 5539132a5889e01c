import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderChart, scatterChart } from '@seg/report';
import { EXPERIMENTS, type Experiment, FOLDS, LEARNING_RATE, PILOT_SEED, PILOT_SET } from './experiments.ts';
import type { Result, TrialResult } from './measure.ts';
import { deviation, mean } from './numbers.ts';

/** Writes `hypersort-results.md` and its figures, from the numbers that are there. */
export async function writeDocument(out: string, folder: string): Promise<void> {
  const sets = Object.entries(EXPERIMENTS)
    .map(([set, experiment]) => ({ set, experiment, results: readResults(folder, set) }))
    .filter(({ results }) => results.length > 0);
  const parts = [
    '# HyperSORT: measured results',
    '',
    'Written by `examples/hypersort-results.ts` from the numbers in `hypersort-results/`; every figure below was measured, and only what is listed was run. Labels were spoilt on purpose, so that it is known which are wrong; no method was told. Testing cases have untouched labels and were not trained on. All numbers are mean ± standard deviation over seeds, and a seed decides which labels are spoilt and all that is random in training; the cases are the same for every seed. Seconds were taken on a machine that did other work as well, so they are upper bounds.',
    '',
    ...describeAll(sets),
    ...describeTrials(readTrials(folder)),
  ];
  for (const { set, experiment, results } of sets) parts.push(...(await describeSet(folder, set, experiment, results)));
  writeFileSync(join(out, 'hypersort-results.md'), `${parts.join('\n').trimEnd()}\n`);
}

export function readResults(folder: string, set: string): Result[] {
  return readdirSync(folder)
    .filter((name) => new RegExp(`^${set}-\\d+\\.json$`).test(name))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Result);
}

export const trialsFile = (folder: string) => join(folder, 'trials.json');

export function readTrials(folder: string): TrialResult[] {
  return existsSync(trialsFile(folder)) ? JSON.parse(readFileSync(trialsFile(folder), 'utf8')) : [];
}

interface SetResults {
  readonly set: string;
  readonly experiment: Experiment;
  readonly results: readonly Result[];
}

/** One line a set: what a map is for. */
function describeAll(sets: readonly SetResults[]): string[] {
  const spread = (results: readonly Result[], pick: (r: Result) => number | null | undefined) => {
    const known = results.map(pick).filter((v): v is number => typeof v === 'number' && Number.isFinite(v));
    return meanAndSpread(known, 3);
  };
  const columns: readonly (readonly [string, (r: Result) => number | null | undefined])[] = [
    ['along the axis', (r) => r.axisAuc],
    ['norm', (r) => r.auc.norm],
    ['distance to median', (r) => r.auc['distance to median']],
    ['Dice error of the dominant style', (r) => r.auc['Dice error of the dominant style']],
    ['volume only', (r) => r.auc['volume only']],
    ['out-of-fold Dice error', (r) => r.baselines.auc['out-of-fold Dice error']],
  ];
  return [
    '## All sets',
    '',
    'AUC of telling wrong labels from clean ones; "along the axis" is that of the first kind of wrong labels against the second (or against the clean ones, where there is one kind) along the first principal axis of the latents.',
    '',
    table(
      ['set', 'seeds', ...columns.map(([name]) => name)],
      sets.map(({ set, results }) => [
        set,
        String(results.length),
        ...columns.map(([, pick]) => spread(results, pick)),
      ]),
    ),
    '',
  ];
}

function describeTrials(trials: readonly TrialResult[]): string[] {
  if (trials.length === 0) return [];
  return [
    '## What was tried',
    '',
    `On ${PILOT_SET} with seed ${PILOT_SEED}, which is in no other table. The published settings are made for thousands of epochs; the first line's are those of \`shortMapSettings\`, and of everything below.`,
    '',
    table(
      [
        'settings',
        'epochs',
        'along the axis',
        'norm',
        'distance to median',
        'mean norm',
        'Dice at the median',
        'seconds',
      ],
      trials.map((t) => [
        t.name,
        String(t.epochs),
        ...[t.axisAuc, t.auc.norm!, t.auc['distance to median']!, t.meanNorm, t.dice].map((v) => v.toFixed(3)),
        t.seconds.toFixed(0),
      ]),
    ),
    '',
  ];
}

async function describeSet(folder: string, set: string, experiment: Experiment, results: readonly Result[]) {
  const { grid, baseFeatures, levels, foldEpochs, groups, baselines } = experiment;
  const isAll = baselines === 'all';
  const first = results[0]!;
  const styles = ['clean', ...groups.map(({ name }) => name)];
  const scoreNames = [...new Set(results.flatMap((r) => Object.keys({ ...r.auc, ...r.baselines.auc })))];
  const diceNames = [...new Set(results.flatMap((r) => Object.keys(r.dice)))];
  const rows = rowsOf(results);
  const contrast =
    groups.length > 1 ? `${groups[0]!.name} against ${groups[1]!.name}` : `${groups[0]!.name} against clean`;
  return [
    `## ${experiment.title}`,
    '',
    `${first.cases} training cases, ${first.tests} for testing; grid ${grid.shape.join(' x ')} of ${grid.spacingMm.join(' x ')} mm (z, y, x); main network with ${baseFeatures} channels and ${levels} downsampling(s); ${first.epochs} epochs of one case a step for HyperSORT, the plain and the T-loss U-Nets (Adam ${LEARNING_RATE}, cosine); ${FOLDS} folds of ${foldEpochs} epochs for out-of-fold Dice. Backend ${first.backend}, ${first.threads} thread(s).`,
    '',
    `![Map of seed ${first.seed}](${await drawMap(folder, set, first)})`,
    ...rows.head('the map'),
    rows.row(`AUC of ${contrast} along the first principal axis`, (r) => r.axisAuc),
    ...styles.map((s) =>
      rows.row(`mean place of ${s} on that axis`, (r) => directionOf(r, styles) * r.meanAlongAxis[s]!),
    ),
    rows.row('training, seconds', (r) => r.seconds, 0),
    rows.row('training with all baselines, seconds', (r) => sumOf({ map: r.seconds, ...r.baselines.seconds }), 0),
    ...rows.head('AUC, wrong against clean labels'),
    ...scoreNames.map((n) => rows.row(n, (r) => r.auc[n] ?? r.baselines.auc[n])),
    ...rows.head('Spearman with being wrong'),
    ...scoreNames.map((n) => rows.row(n, (r) => r.spearman[n] ?? r.baselines.spearman[n])),
    ...rows.head('predicted / true volume on testing cases, network at'),
    ...['zero', 'median'].map((s) => rows.row(s, (r) => r.volumeRatio[s])),
    ...styles.map((s) => rows.row(`centroid of ${s}`, (r) => r.volumeRatio[s])),
    ...rows.head('Dice on testing cases'),
    ...diceNames.map((n) => rows.row(n, (r) => (r.dice as Readonly<Record<string, number>>)[n])),
    rows.row('plain U-Net (mean of the networks)', (r) => mean(r.baselines.plain)),
    ...(isAll
      ? [
          rows.row('best of the plain U-Nets (oracle)', (r) =>
            r.baselines.plain.length > 1 ? r.baselines.plainBest : null,
          ),
        ]
      : []),
    ...(isAll ? [rows.row('T-loss U-Net', (r) => r.baselines.tLoss)] : []),
    ...rows.head('diversity: sd of Dice over the networks'),
    rows.row(`HyperSORT, ${styles.length} centroids`, (r) => r.diversity),
    ...(isAll ? [rows.row('plain U-Net, 5 seeds', (r) => r.baselines.plainDiversity)] : []),
    ...rows.head('correction: Dice to the true label, training cases'),
    rows.row('wrong labels as given', (r) => r.correction.given),
    rows.row('wrong labels corrected (median latent)', (r) => r.correction.corrected),
    rows.row('gain', (r) => r.correction.corrected - r.correction.given),
    rows.row('clean labels after the same correction', (r) => r.correction.cleanKept),
    '',
  ];
}

/** An axis has no sign of its own: the first kind of wrong labels is put on its negative side. */
function directionOf({ meanAlongAxis }: Result, styles: readonly string[]): number {
  return meanAlongAxis[styles[1]!]! > 0 ? -1 : 1;
}

/** @returns the figure's path from the document. */
async function drawMap(folder: string, set: string, { latents }: Result): Promise<string> {
  const picture = `${set}-map.svg`;
  const chart = scatterChart(
    latents.map(([group, x, y]) => ({ x: Number(x), y: Number(y), group: String(group) })),
    { xTitle: 'first latent component', yTitle: 'second', width: 420, height: 320 },
  );
  writeFileSync(join(folder, picture), await renderChart(chart));
  return `hypersort-results/${picture}`;
}

/** Table rows with a column for each seed, and their mean and spread. */
function rowsOf(results: readonly Result[]) {
  const isKnown = (v: number | null | undefined): v is number => typeof v === 'number' && Number.isFinite(v);
  return {
    head: (title: string) => [
      '',
      `| ${[title, ...results.map((r) => `seed ${r.seed}`), 'mean ± sd'].join(' | ')} |`,
      `|---${'|---'.repeat(results.length + 1)}|`,
    ],
    row: (name: string, pick: (r: Result) => number | null | undefined, digits = 3) => {
      const numbers = results.map(pick);
      const cells = numbers.map((v) => (isKnown(v) ? v.toFixed(digits) : 'not run'));
      return `| ${[name, ...cells, meanAndSpread(numbers.filter(isKnown), digits)].join(' | ')} |`;
    },
  };
}

function meanAndSpread(known: readonly number[], digits: number): string {
  if (known.length === 0) return '';
  const middle = mean(known).toFixed(digits);
  return known.length < 2 ? middle : `${middle} ± ${deviation(known).toFixed(digits)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function sumOf(seconds: Readonly<Record<string, number>>): number {
  return Object.values(seconds).reduce((a, b) => a + b, 0);
}
