/** How the values of one measure are spread over cases. Numbers that do not exist are null, so that JSON can say it. */
export interface MeasureSummary {
  readonly mean: number | null;
  /** With n - 1; null for fewer than two values. */
  readonly standardDeviation: number | null;
  readonly median: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Values that the numbers above are made of. */
  readonly count: number;
  /** Cases left out because the measure was undefined (NaN): nothing to compare. */
  readonly undefined: number;
  /** Cases whose distance was infinite because one of the two masks was empty: left out, or given the penalty. */
  readonly infinite: number;
}

/** Summarises one measure over cases; `penalties` (one a case) stand in for infinite values if given. */
export function summarise(values: readonly number[], penalties?: readonly number[]): MeasureSummary {
  const used: number[] = [];
  let missing = 0;
  let infinite = 0;
  values.forEach((value, i) => {
    if (Number.isNaN(value)) missing++;
    else if (Number.isFinite(value)) used.push(value);
    else {
      infinite++;
      if (penalties !== undefined) used.push(penalties[i]!);
    }
  });
  const counts = { count: used.length, undefined: missing, infinite };
  if (used.length === 0) return { mean: null, standardDeviation: null, median: null, min: null, max: null, ...counts };
  used.sort((a, b) => a - b);
  const n = used.length;
  const mean = used.reduce((sum, value) => sum + value, 0) / n;
  const squares = used.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    standardDeviation: n > 1 ? Math.sqrt(squares / (n - 1)) : null,
    median: (used[(n - 1) >> 1]! + used[n >> 1]!) / 2,
    min: used[0]!,
    max: used[n - 1]!,
    ...counts,
  };
}
