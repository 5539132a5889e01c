const isMeasured = (field: string) => /(^|_)(ms|gflops|mb)$/.test(field);

/**
 * Rows of several rounds of one measurement, one row for each piece of work and peer with the medians of what was
 * measured. Who is compared takes turns in a round, because a machine's speed drifts with what its neighbours do.
 */
export function inRounds<Row extends object>(rounds: number, measure: () => readonly Row[]): Row[] {
  const groups = new Map<string, Row[]>();
  for (let i = 0; i < rounds; i++) {
    for (const row of measure()) {
      const key = JSON.stringify(Object.entries(row).filter(([field]) => !isMeasured(field)));
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
  }
  return [...groups.values()].map(medians);
}

function medians<Row extends object>(rows: readonly Row[]): Row {
  const fields = Object.entries(rows[0]!).map(([field, value]) => {
    if (!isMeasured(field) || typeof value !== 'number') return [field, value];
    const values = rows.map((row) => row[field as keyof Row] as number).sort((a, b) => a - b);
    return [field, values[values.length >> 1]];
  });
  return Object.fromEntries(fields) as Row;
}
