import type { CohortRow } from './cohort-evaluation.ts';

/**
 * Rows of a cohort as CSV (RFC 4180, newline `\n`), one line per case and label.
 *
 * Columns `case,label,dice,jaccard,hd95_mm,assd_mm,nsd_1mm,volume_ml,reference_volume_ml,flags`, the NSD column named
 * after its tolerance. Undefined measures are `NaN`, distances to an empty mask `Infinity`; flags are
 * `emptyPrediction` and `emptyReference`, joined by a semicolon.
 */
export function casesCsv(rows: readonly CohortRow[], toleranceMm: number): string {
  const header = [
    'case',
    'label',
    'dice',
    'jaccard',
    'hd95_mm',
    'assd_mm',
    `nsd_${toleranceMm}mm`,
    'volume_ml',
    'reference_volume_ml',
    'flags',
  ];
  const lines = rows.map((row) => [
    quote(row.case),
    quote(row.label),
    row.dice,
    row.jaccard,
    row.hd95Mm,
    row.assdMm,
    row.nsd,
    row.volumeMl,
    row.referenceVolumeMl,
    [row.emptyPrediction && 'emptyPrediction', row.emptyReference && 'emptyReference'].filter(Boolean).join(';'),
  ]);
  return `${[header, ...lines].map((line) => line.join(',')).join('\n')}\n`;
}

function quote(field: string): string {
  return /[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
