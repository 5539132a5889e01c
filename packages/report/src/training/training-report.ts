import type { ReportSection } from '@seg/core';
import { dotChart, INK, lineChart } from '../chart/charts.ts';
import { renderChart } from '../chart/render-chart.ts';
import { cssColour, labelColour } from '../colour/label-colours.ts';
import {
  details,
  escapeHtml,
  figure,
  figureRow,
  type Html,
  paragraph,
  rawHtml,
  renderDocument,
  type Section,
  table,
} from '../html/html.ts';
import { type CasePicture, casePictures } from './case-pictures.ts';
import { methodSections } from './method-sections.ts';

/** One line of a run's training log. */
export interface StepRecord {
  readonly step: number;
  readonly loss: number;
  readonly learningRate?: number;
}

/** One validation during training; NaN where a class had nothing to score. */
export interface ValidationRecord {
  readonly step: number;
  /** Mean Dice over the validation cases, by label value. */
  readonly dice: Readonly<Record<number, number>>;
}

/** Scores of one label of one case; NaN where a score is undefined. */
export interface LabelScores {
  readonly label: number;
  readonly dice: number;
  readonly hd95Mm?: number;
  readonly assdMm?: number;
  /** Whether the prediction, or the reference, has no voxel of the label. */
  readonly emptyPrediction?: boolean;
  readonly emptyReference?: boolean;
}

export interface CaseRecord {
  readonly id: string;
  /** Without the labels that were not annotated in the case. */
  readonly scores: readonly LabelScores[];
}

export interface TrainingReport {
  readonly title: string;
  readonly subtitle?: string;
  readonly labels: readonly { readonly value: number; readonly name: string }[];
  /** Facts for the table at the top, in order. */
  readonly summary: readonly (readonly [string, string | number])[];
  readonly steps: readonly StepRecord[];
  readonly validations: readonly ValidationRecord[];
  readonly cases: readonly CaseRecord[];
  readonly pictures: readonly CasePicture[];
  /** What the run's method adds, after the pictures. */
  readonly sections?: readonly ReportSection[];
  /** Shown in full in a folded section. */
  readonly config?: unknown;
}

/**
 * A run's report as one HTML page, light or dark as the reader's system is: loss and learning-rate curves, Dice by class and case, and slices of chosen cases
 * with reference (solid) and prediction (dashed) outlines.
 */
export async function renderTrainingReport(report: TrainingReport): Promise<string> {
  const { labels, cases } = report;
  const sections: Section[] = [
    {
      title: 'Summary',
      content: [
        table(
          ['', ''],
          report.summary.map((row) => [...row]),
        ),
        classTable(report),
      ],
    },
    { title: 'Training', content: [figureRow(await trainingCharts(report))] },
  ];
  if (cases.length > 0) {
    const groups = labels.map(({ value, name }) => ({
      name,
      values: cases.flatMap((c) => c.scores.filter((s) => s.label === value).map((s) => s.dice)),
      colour: cssColour(labelColour(value)),
    }));
    const chart = await renderChart(
      dotChart(groups, { xTitle: '', yTitle: 'Dice', width: Math.max(400, 48 * groups.length), height: 260 }),
    );
    sections.push({
      title: 'Cases',
      content: [figure(chart, 'Dice of every case, by class; the bar is the median.'), caseTable(report)],
    });
  }
  if (report.pictures.length > 0) {
    sections.push({ title: 'Pictures', content: casePictures(report) });
  }
  sections.push(...(await methodSections(report.sections ?? [])));
  if (report.config !== undefined) {
    const text = escapeHtml(JSON.stringify(report.config, null, 2));
    sections.push({ title: 'Configuration', content: [details('config.json', [rawHtml(`<pre>${text}</pre>`)])] });
  }
  return renderDocument({
    title: report.title,
    sections,
    ...(report.subtitle === undefined ? {} : { subtitle: report.subtitle }),
  });
}

/** Of single steps, behind their mean: what is no class has no colour of a class. */
const PALE = '#8c959f';

async function trainingCharts({ steps, validations, labels }: TrainingReport): Promise<Html[]> {
  const raw = steps.map((s) => [s.step, s.loss] as const);
  const smooth = movingMean(raw, Math.max(1, Math.round(steps.length / 50)));
  const charts = [
    figure(
      await renderChart(
        lineChart(
          [
            { name: 'loss', points: thin(raw), colour: PALE },
            { name: 'moving mean', points: thin(smooth), colour: INK },
          ],
          { xTitle: 'step', yTitle: 'loss' },
        ),
      ),
      'Training loss.',
    ),
  ];
  if (validations.length > 0) {
    const series = labels.map(({ value, name }) => ({
      name,
      points: validations.map((v) => [v.step, v.dice[value] ?? Number.NaN] as const),
      colour: cssColour(labelColour(value)),
    }));
    const chart = lineChart(series, { xTitle: 'step', yTitle: 'mean Dice' });
    charts.push(figure(await renderChart(chart), 'Dice of the validation cases during training.'));
  }
  if (steps.some((s) => s.learningRate !== undefined)) {
    const points = thin(steps.map((s) => [s.step, s.learningRate ?? Number.NaN] as const));
    const chart = lineChart([{ name: 'learning rate', points, colour: INK }], {
      xTitle: 'step',
      yTitle: 'learning rate',
      height: 160,
    });
    charts.push(figure(await renderChart(chart), 'Learning rate.'));
  }
  return charts;
}

function classTable({ labels, cases }: TrainingReport): Html {
  if (cases.length === 0) return paragraph('No case was evaluated.');
  const rows = labels.map(({ value, name }) => {
    const scores = cases.flatMap((c) => c.scores.filter((s) => s.label === value));
    const of = (pick: (s: LabelScores) => number | undefined) =>
      scores.map(pick).filter((v): v is number => v !== undefined && Number.isFinite(v));
    const [dice, hd95, assd] = [of((s) => s.dice), of((s) => s.hd95Mm), of((s) => s.assdMm)];
    const count = (is: (s: LabelScores) => boolean | undefined) => {
      const known = scores.map(is).filter((v) => v !== undefined);
      return known.length < scores.length ? undefined : known.filter(Boolean).length;
    };
    return [
      name,
      scores.length,
      mean(dice),
      dice.length,
      median(dice),
      dice.length === 0 ? Number.NaN : Math.min(...dice),
      mean(hd95),
      hd95.length,
      mean(assd),
      assd.length,
      count((s) => s.emptyPrediction),
      count((s) => s.emptyReference),
      count((s) => s.emptyPrediction && s.emptyReference),
    ];
  });
  const measures = ['mean Dice', 'n', 'median Dice', 'worst Dice', 'mean HD95 (mm)', 'n', 'mean ASSD (mm)', 'n'];
  const header = ['class', 'cases', ...measures, 'empty prediction', 'empty reference', 'both empty'];
  return table(header, rows, {
    caption:
      'Cases that were not trained on and in which the class was annotated. n: cases that the mean is taken over. A distance is undefined where prediction or reference is empty, Dice where both are; such cases are left out of the mean and counted in the last columns.',
  });
}

function caseTable({ labels, cases }: TrainingReport): Html {
  const header = ['case', ...labels.flatMap(({ name }) => [`Dice ${name}`, `HD95 ${name} (mm)`])];
  const rows = cases.map((c) => [
    c.id,
    ...labels.flatMap(({ value }): (string | number | undefined)[] => {
      const score = c.scores.find((s) => s.label === value);
      return score === undefined ? ['not annotated', undefined] : [score.dice, score.hd95Mm];
    }),
  ]);
  return details(`All ${cases.length} cases`, [table(header, rows)]);
}

function movingMean(points: readonly (readonly [number, number])[], half: number): (readonly [number, number])[] {
  return points.map(
    ([x], i) => [x, mean(points.slice(Math.max(0, i - half), i + half + 1).map(([, y]) => y))] as const,
  );
}

/** At most 400 points, evenly chosen: more cannot be seen and make the page heavy. */
function thin<T>(points: readonly T[]): T[] {
  const step = Math.max(1, Math.ceil(points.length / 400));
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((a, b) => a + b, 0) / values.length;
}

function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
