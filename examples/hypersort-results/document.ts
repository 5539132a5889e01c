import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderChart, scatterChart } from '@seg/report';
import type { CurationScore } from './curation.ts';
import { EXPERIMENTS, type Experiment, FOLDS, LEARNING_RATE, PILOT_SEED, PLAIN_NETWORKS } from './experiments.ts';
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
    'Written by `examples/hypersort-results.ts` from the numbers in `hypersort-results/`; every figure below was measured, and only what is listed was run. Labels were spoilt on purpose, so that it is known which are wrong; no method was told. Testing cases have untouched labels; neither they nor other scans of their patients were trained on, and folds part no patients. All numbers are mean ± standard deviation over seeds, and a seed decides which labels are spoilt and all that is random in training; the cases are the same for every seed. Seconds are the smaller of wall-clock and processor time where a run was timed so, else wall-clock, all on a machine that did other work and paused the trainings at times: upper bounds.',
    '',
    ...describeAll(sets),
    ...describeAims(sets),
    ...describeCurations(readCurations(folder)),
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

function readCurations(folder: string): CurationScore[] {
  return readdirSync(folder)
    .filter((name) => /^curate-.*\.json$/.test(name))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as CurationScore);
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

/** What a map is to do, and whether the mean over the seeds does it. */
const AIMS: readonly {
  readonly name: string;
  /** A second number is what the first is compared with. */
  readonly measure: (r: Result, styles: readonly string[]) => readonly [number, number?];
  readonly isReached: (value: number, other: number) => boolean;
  /** How many kinds of wrong labels it takes; default 1. */
  readonly kinds?: number;
  /** The smallest of the seeds counts, not the mean: what disturbs a measurement only adds to it. */
  readonly least?: boolean;
}[] = [
  {
    name: 'AUC along the first principal axis at least 0.9',
    measure: (r) => [r.axisAuc],
    isReached: (v) => v >= 0.9,
  },
  {
    name: 'styles in order along that axis (part of the seeds)',
    measure: (r, styles) => [isRising(inOrder(styles).map((s) => directionOf(r, styles) * r.meanAlongAxis[s]!))],
    isReached: (v) => v === 1,
    kinds: 2,
  },
  {
    name: 'AUC of the distance to the median, wrong against clean, at least 0.85',
    measure: (r) => [r.auc['distance to median']!],
    isReached: (v) => v >= 0.85,
  },
  {
    name: 'the same above that of volume only',
    measure: (r) => [r.auc['distance to median']!, r.auc['volume only']!],
    isReached: (v, other) => v > other,
  },
  {
    name: 'the same above that of out-of-fold Dice error',
    measure: (r) => [r.auc['distance to median']!, r.baselines.auc['out-of-fold Dice error']!],
    isReached: (v, other) => v > other,
  },
  {
    name: 'volumes predicted at the centroids in order, on testing cases (part of the seeds)',
    measure: (r, styles) => [isRising(inOrder(styles).map((s) => r.volumeRatio[s]!))],
    isReached: (v) => v === 1,
  },
  ...(['median', 'clean'] as const).map((place) => ({
    name: `Dice on testing cases at most 0.01 below a plain U-Net, ${place === 'median' ? 'dominant style' : 'centroid of the clean labels (needs the truth)'}`,
    measure: (r: Result) =>
      [(r.dice as Readonly<Record<string, number>>)[`HyperSORT ${place}`]!, plainDice(r)] as const,
    isReached: (v: number, other: number) => v >= other - 0.01,
  })),
  {
    name: `diversity above that of ${PLAIN_NETWORKS} plain U-Nets`,
    measure: (r) => [r.diversity, plainDiversity(r) ?? Number.NaN],
    isReached: (v, other) => v > other,
  },
  {
    name: 'correction of wrong labels gains at least 0.10 Dice',
    measure: (r) => [r.correction.corrected - r.correction.given],
    isReached: (v) => v >= 0.1,
  },
  {
    name: 'at most 30 minutes a seed with all baselines (minutes of the least disturbed seed)',
    measure: (r) => [sumOf({ map: r.seconds, ...r.baselines.seconds }) / 60],
    isReached: (v) => v <= 30,
    least: true,
  },
];

function describeAims(sets: readonly SetResults[]): string[] {
  const cell = (aim: (typeof AIMS)[number], { experiment, results }: SetResults) => {
    const { measure, isReached, kinds = 1, least = false } = aim;
    if (experiment.groups.length < kinds) return 'one kind of wrong labels';
    const pairs = results.map((r) => measure(r, stylesOf(experiment))).filter((pair) => pair.every(Number.isFinite));
    if (pairs.length === 0) return 'not run';
    const all = pairs.map(([value]) => value);
    const values = least ? [Math.min(...all)] : all;
    const others = pairs.flatMap(([, other]) => other ?? []);
    const compared = others.length > 0 ? ` against ${meanAndSpread(others, 3)}` : '';
    const seeds = pairs.length < results.length ? ` (${pairs.length} of ${results.length} seeds)` : '';
    const reached = isReached(mean(values), others.length > 0 ? mean(others) : Number.NaN);
    return `${reached ? 'yes' : '**no**'}: ${meanAndSpread(values, 3)}${compared}${seeds}`;
  };
  return [
    '## Aims',
    '',
    'What a map is to do, whether the mean over the seeds does it, and the numbers; "dominant style" is the network at the median latent. Where two scores are both perfect, neither is above the other.',
    '',
    table(
      ['aim', ...sets.map(({ set }) => set)],
      AIMS.map((aim) => [aim.name, ...sets.map((set) => cell(aim, set))]),
    ),
    '',
  ];
}

const stylesOf = ({ groups }: Experiment) => ['clean', ...groups.map(({ name }) => name)];

/** From small labels to large ones: the first kind of wrong labels is too small, the second too large. */
const inOrder = ([clean, small, ...large]: readonly string[]) => [small!, clean!, ...large];

/** 1 where every number exceeds the one before. */
const isRising = (v: readonly number[]) => Number(v.every((x, i) => i === 0 || x > v[i - 1]!));

/** What `seg curate` finds in a folder, run as its users run it. */
function describeCurations(curations: readonly CurationScore[]): string[] {
  if (curations.length === 0) return [];
  return [
    '## `seg curate`',
    '',
    'The command as it is run in a shell, on folders of which some labels were spoilt on the scans\' own grids (`--spoil`): eroded, dilated, all shifted alike, or without slices on one side. Grid, network and epochs are its own choice for the time that it was given. AUC against clean labels of the order of `ranking.csv` and of each of its columns; "stand out" are the cases that it flags.',
    ...curations.flatMap((c) => [
      '',
      `### ${EXPERIMENTS[c.set]!.title.split(/[(,]/)[0]!.trim()}, seed ${c.seed}`,
      '',
      `${c.cases} cases, \`--minutes ${c.minutes}\`: took ${(c.seconds / 60).toFixed(1)} minutes; grid ${c.grid.shape.join(' x ')} of ${c.grid.spacingMm.map((mm) => mm.toFixed(2)).join(' x ')} mm (z, y, x), ${c.baseFeatures} channels, ${c.levels} downsampling(s), ${c.epochs < c.plannedEpochs ? `${c.epochs.toFixed(1)} of ${c.plannedEpochs} epochs, cut off by the clock` : `${c.epochs} epochs`}. AUC of the order of the ranking: **${c.order.toFixed(3)}**.`,
      '',
      table(
        ['AUC', 'all kinds', ...c.kinds.map(({ kind }) => kind)],
        Object.keys(c.auc).map((name) => [
          `\`${name}\``,
          ...[c.auc, ...c.kinds.map((kind) => kind.auc)].map((auc) => auc[name]?.toFixed(3) ?? 'not computed'),
        ]),
      ),
      '',
      table(
        ['', 'all kinds', ...c.kinds.map(({ kind }) => kind)],
        [
          ['cases', sumBy(c.kinds, (k) => k.cases), ...c.kinds.map((k) => String(k.cases))],
          ['of which stand out', sumBy(c.kinds, (k) => k.found), ...c.kinds.map((k) => String(k.found))],
          ['Dice of the given label to the true one', '', ...c.kinds.map((k) => k.givenDice.toFixed(3))],
        ],
      ),
      '',
      [
        `Corrected labels of the wrong ones that stand out: Dice to the true label ${c.flaggedWrong.corrected.toFixed(3)}, as given ${c.flaggedWrong.given.toFixed(3)}.`,
        c.flaggedClean.cases === 0
          ? 'No clean label stands out.'
          : `${c.flaggedClean.cases} of ${c.cases - Number(sumBy(c.kinds, (k) => k.cases))} clean labels stand out; corrected, they have ${c.flaggedClean.corrected.toFixed(3)}.`,
      ].join(' '),
    ]),
    '',
  ];
}

const sumBy = <T>(items: readonly T[], of: (item: T) => number): string =>
  String(items.reduce((total, item) => total + of(item), 0));

function describeTrials(trials: readonly TrialResult[]): string[] {
  if (trials.length === 0) return [];
  const columns: readonly (readonly [string, (t: TrialResult) => number | null])[] = [
    ['along the axis', (t) => t.axisAuc],
    ['norm', (t) => t.auc.norm!],
    ['distance to median', (t) => t.auc['distance to median']!],
    ['mean norm', (t) => t.meanNorm],
    ['Dice at the median', (t) => t.dice],
    ['Dice of a plain U-Net', (t) => t.plainDice],
  ];
  const shown = columns.filter(([, pick]) => trials.some((t) => pick(t) !== null));
  return [
    '## What was tried',
    '',
    `With seed ${PILOT_SEED}, which is in no other table. The published settings are made for thousands of epochs; everything else has those of \`shortMapSettings\`, apart from what its line says.`,
    '',
    table(
      ['set', 'settings', 'channels', 'levels', 'epochs', ...shown.map(([name]) => name), 'seconds'],
      Object.keys(EXPERIMENTS)
        .flatMap((set) => trials.filter((t) => t.set === set))
        .map((t) => [
          t.set,
          t.name,
          ...[t.baseFeatures, t.levels, t.epochs].map(String),
          ...shown.map(([, pick]) => pick(t)?.toFixed(3) ?? ''),
          t.seconds.toFixed(0),
        ]),
    ),
    '',
  ];
}

async function describeSet(folder: string, set: string, experiment: Experiment, results: readonly Result[]) {
  const { grid, baseFeatures, levels, foldEpochs, groups, settings } = experiment;
  const first = results[0]!;
  const styles = stylesOf(experiment);
  const scoreNames = [...new Set(results.flatMap((r) => Object.keys({ ...r.auc, ...r.baselines.auc })))];
  const diceNames = [...new Set(results.flatMap((r) => Object.keys(r.dice)))];
  const rows = rowsOf(results);
  const contrast =
    groups.length > 1 ? `${groups[0]!.name} against ${groups[1]!.name}` : `${groups[0]!.name} against clean`;
  return [
    `## ${experiment.title}`,
    '',
    `${first.cases} training cases, ${first.tests} for testing; grid ${grid.shape.join(' x ')} of ${grid.spacingMm.join(' x ')} mm (z, y, x); main network with ${baseFeatures} channels and ${levels} downsampling(s); ${first.epochs} epochs of one case a step for HyperSORT, the plain and the T-loss U-Nets (Adam ${LEARNING_RATE}, cosine); ${FOLDS} folds of ${foldEpochs} epochs for out-of-fold Dice. Backend ${first.backend}, ${first.threads} thread(s).${settings === undefined ? '' : ` Settings in place of those of \`shortMapSettings\`: \`${JSON.stringify(settings)}\`.`}`,
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
    rows.row('plain U-Net (mean of the networks)', plainDice),
    rows.row('best of the plain U-Nets (oracle)', (r) => (hasAllPlain(r) ? r.baselines.plainBest : null)),
    rows.row('T-loss U-Net', (r) => r.baselines.tLoss),
    ...rows.head('diversity: sd of Dice over the networks'),
    rows.row(`HyperSORT, ${styles.length} centroids`, (r) => r.diversity),
    rows.row(`plain U-Net, ${PLAIN_NETWORKS} networks`, plainDiversity),
    ...rows.head('correction: Dice to the true label, training cases'),
    rows.row('wrong labels as given', (r) => r.correction.given),
    rows.row('wrong labels corrected (median latent)', (r) => r.correction.corrected),
    rows.row('gain', (r) => r.correction.corrected - r.correction.given),
    rows.row('clean labels after the same correction', (r) => r.correction.cleanKept),
    '',
  ];
}

const plainDice = ({ baselines }: Result) => mean(baselines.plain);

const hasAllPlain = ({ baselines }: Result) => baselines.plain.length >= PLAIN_NETWORKS;

const plainDiversity = (r: Result) => (hasAllPlain(r) ? r.baselines.plainDiversity : null);

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
