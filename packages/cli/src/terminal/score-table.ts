import type { CohortMeasure, LabelSummary } from '@seg/metrics';
import { formatTable } from './table.ts';

/**
 * Means over cases for people, one line a label: beside each mean the number n of cases that it is taken over, and at
 * the end how many predictions and references had no voxel of the label. Undefined means show a dash.
 *
 * @param rows labels with their summaries; without a summary no case has a row for the label
 * @param columns headings and measures, in order
 */
export function formatScores(
  rows: readonly (readonly [label: string, summary: LabelSummary | undefined])[],
  columns: readonly (readonly [heading: string, measure: CohortMeasure])[],
): string {
  const header = [
    'label',
    'cases',
    ...columns.flatMap(([heading]) => [heading, 'n']),
    'empty_prediction',
    'empty_reference',
    'empty_both',
  ];
  const lines = rows.map(([label, summary]) => [
    label,
    String(summary?.cases ?? 0),
    ...columns.flatMap(([, measure]) => [
      summary?.[measure].mean?.toFixed(4) ?? '-',
      String(summary?.[measure].count ?? 0),
    ]),
    ...[summary?.emptyPrediction, summary?.emptyReference, summary?.emptyBoth].map((count) => String(count ?? 0)),
  ]);
  return formatTable(header, lines);
}
