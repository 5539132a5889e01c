const isMeasured = (field: string) => /(^|_)(ms|gflops|mb)$/.test(field);

/** Rows of several rounds of one measurement, in which those who are compared take turns; see `bestRows`. */
export function inRounds<Row extends object>(rounds: number, measure: () => readonly Row[]): Row[] {
  return bestRows(Array.from({ length: rounds }, measure).flat());
}

/**
 * One row for each piece of work and peer with the best that a round measured, which is a median itself: a machine's
 * speed drifts with what its neighbours do, so that the least disturbed round of each is what compares. Of memory it is
 * the highest peak.
 */
export function bestRows<Row extends object>(rows: readonly Row[]): Row[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = JSON.stringify(Object.entries(row).filter(([field]) => !isMeasured(field)));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map(leastDisturbed);
}

function leastDisturbed<Row extends object>(rows: readonly Row[]): Row {
  const fields = Object.entries(rows[0]!).map(([field, value]) => {
    if (!isMeasured(field) || typeof value !== 'number') return [field, value];
    const values = rows.map((row) => row[field as keyof Row] as number);
    return [field, field.endsWith('ms') ? Math.min(...values) : Math.max(...values)];
  });
  return Object.fromEntries(fields) as Row;
}
