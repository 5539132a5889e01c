import { checkOption, SegError } from '@seg/core';
import type { SurfaceConvention } from '../surface/surface-distances.ts';
import { casesCsv } from './cases-csv.ts';
import type { CaseEvaluation, LabelEvaluation } from './evaluate-segmentation.ts';
import { type MeasureSummary, summarise } from './summarise.ts';

const COHORT_MEASURES = [
  'dice',
  'jaccard',
  'sensitivity',
  'precision',
  'hdMm',
  'hd95Mm',
  'asdMm',
  'assdMm',
  'nsd',
  'volumeMl',
  'referenceVolumeMl',
] as const;

/** The measures that a cohort summarises. */
export type CohortMeasure = (typeof COHORT_MEASURES)[number];

/** One label of one case, as `CohortEvaluation` keeps it. */
export interface CohortRow extends LabelEvaluation {
  readonly case: string;
  readonly diagonalMm: number;
}

/** Options of `CohortEvaluation`. */
export interface CohortOptions {
  /**
   * What an infinite distance (one of the two masks empty) does to means: `skip` (default) leaves it out, `penalty`
   * puts the image's diagonal in its place. Both count it. Undefined values (both masks empty) are always left out.
   */
  readonly emptyDistances?: 'skip' | 'penalty';
}

/**
 * The summary of one label over all cases. `count` of a measure says over how many its mean is: distances exist where
 * neither mask is empty, `cases - emptyPrediction - emptyReference + emptyBoth` cases.
 */
export interface LabelSummary extends Readonly<Record<CohortMeasure, MeasureSummary>> {
  /** Cases that have a row for the label. */
  readonly cases: number;
  /** Cases in which the prediction has no voxel of the label. */
  readonly emptyPrediction: number;
  /** Cases in which the reference has no voxel of the label. */
  readonly emptyReference: number;
  /** Cases in which neither has the label. */
  readonly emptyBoth: number;
  /** Dice of all cases' voxels together; null if no case has the label. */
  readonly globalDice: number | null;
}

/** The summary of a cohort, as plain JSON. */
export interface CohortSummary {
  readonly schemaVersion: 1;
  readonly cases: number;
  readonly convention: SurfaceConvention | null;
  readonly toleranceMm: number | null;
  /** Values of the references whose voxels count nowhere. */
  readonly ignoreLabels: readonly number[];
  readonly emptyDistances: 'skip' | 'penalty';
  readonly labels: Readonly<Record<string, LabelSummary>>;
  /** Per measure, the mean over labels of the labels' means over cases; null if no label has one. */
  readonly mean: Readonly<Record<CohortMeasure, number | null>>;
}

/**
 * Gathers the evaluations of cases one at a time and summarises them per label: means over cases first, then over
 * labels. Keeps numbers only, a few hundred bytes per case and label.
 *
 * @example
 * const cohort = new CohortEvaluation({ emptyDistances: 'penalty' });
 * cohort.add('case-1', evaluateSegmentation({ prediction, reference, shape, spacingMm, labels: [1, 2] }));
 * cohort.summary().labels['1'].dice.mean;
 */
export class CohortEvaluation {
  readonly #emptyDistances: 'skip' | 'penalty';
  readonly #rows: CohortRow[] = [];
  readonly #cases = new Set<string>();
  #convention: SurfaceConvention | null = null;
  #toleranceMm: number | null = null;
  #ignoreLabels: readonly number[] = [];

  constructor(options: CohortOptions = {}) {
    const { emptyDistances = 'skip' } = options;
    this.#emptyDistances = checkOption('CohortEvaluation', 'emptyDistances', emptyDistances, ['skip', 'penalty']);
  }

  /** One row per case and label, in the order of adding. */
  get rows(): readonly CohortRow[] {
    return this.#rows;
  }

  /**
   * Adds a case.
   *
   * @throws SegError `invalid-argument` if the case was added before or was measured with another convention, tolerance
   * or ignored labels than the ones before it.
   */
  add(caseId: string, evaluation: CaseEvaluation): void {
    const where = 'CohortEvaluation.add';
    if (this.#cases.has(caseId)) {
      throw new SegError('invalid-argument', { where, problem: 'this case was added before', got: caseId });
    }
    const { convention, toleranceMm, diagonalMm, ignoreLabels } = evaluation;
    const isSame =
      convention === this.#convention &&
      toleranceMm === this.#toleranceMm &&
      ignoreLabels.join() === this.#ignoreLabels.join();
    if (this.#cases.size > 0 && !isSame) {
      throw new SegError('invalid-argument', {
        where,
        problem: 'cases measured in different ways cannot be summarised together',
        got: { convention, toleranceMm, ignoreLabels },
        expected: {
          convention: this.#convention,
          toleranceMm: this.#toleranceMm,
          ignoreLabels: this.#ignoreLabels,
        },
      });
    }
    this.#convention = convention;
    this.#toleranceMm = toleranceMm;
    this.#ignoreLabels = ignoreLabels;
    this.#cases.add(caseId);
    for (const label of evaluation.labels) this.#rows.push({ case: caseId, diagonalMm, ...label });
  }

  /** The summary over the cases added so far. */
  summary(): CohortSummary {
    const byLabel = new Map<string, CohortRow[]>();
    for (const row of this.#rows) {
      const rows = byLabel.get(row.label);
      if (rows === undefined) byLabel.set(row.label, [row]);
      else rows.push(row);
    }
    const labels = [...byLabel].map(([label, rows]) => [label, this.#summariseLabel(rows)] as const);
    const meanOver = (measure: CohortMeasure): number | null =>
      summarise(labels.map(([, summary]) => summary[measure].mean ?? Number.NaN)).mean;
    return {
      schemaVersion: 1,
      cases: this.#cases.size,
      convention: this.#convention,
      toleranceMm: this.#toleranceMm,
      ignoreLabels: this.#ignoreLabels,
      emptyDistances: this.#emptyDistances,
      labels: Object.fromEntries(labels),
      mean: Object.fromEntries(COHORT_MEASURES.map((measure) => [measure, meanOver(measure)])) as CohortSummary['mean'],
    };
  }

  /** The rows as CSV: `case,label,dice,jaccard,hd95_mm,assd_mm,nsd_1mm,volume_ml,reference_volume_ml,flags`. */
  toCsv(): string {
    return casesCsv(this.#rows, this.#toleranceMm ?? 1);
  }

  /** The summary, for `JSON.stringify`. */
  toJSON(): CohortSummary {
    return this.summary();
  }

  #summariseLabel(rows: readonly CohortRow[]): LabelSummary {
    const penalties = this.#emptyDistances === 'penalty' ? rows.map((row) => row.diagonalMm) : undefined;
    const measures = Object.fromEntries(
      COHORT_MEASURES.map((measure) => [
        measure,
        summarise(
          rows.map((row) => row[measure]),
          penalties,
        ),
      ]),
    ) as Record<CohortMeasure, MeasureSummary>;
    const total = (count: (row: CohortRow) => number): number => rows.reduce((sum, row) => sum + count(row), 0);
    const overlap = 2 * total((row) => row.truePositives);
    const voxels = overlap + total((row) => row.falsePositives) + total((row) => row.falseNegatives);
    return {
      cases: rows.length,
      emptyPrediction: total((row) => Number(row.emptyPrediction)),
      emptyReference: total((row) => Number(row.emptyReference)),
      emptyBoth: total((row) => Number(row.emptyPrediction && row.emptyReference)),
      globalDice: voxels === 0 ? null : overlap / voxels,
      ...measures,
    };
  }
}
