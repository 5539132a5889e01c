/** Ranks from 1, ties sharing the mean of their ranks; NaN values get rank NaN and do not count. */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const ranks = new Float64Array(values.length).fill(Number.NaN);
  const order = Array.from({ length: values.length }, (_, i) => i).filter((i) => !Number.isNaN(values[i]!));
  // Not by difference: Infinity - Infinity would be NaN.
  order.sort((i, j) => (values[i]! < values[j]! ? -1 : values[i]! > values[j]! ? 1 : 0));
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let k = start; k < end; k++) ranks[order[k]!] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}

/** Sizes of the groups of equal values, those of one included; NaN values are left out. */
export function tieSizes(values: ArrayLike<number>): number[] {
  const counts = new Map<number, number>();
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i]!)) counts.set(values[i]!, (counts.get(values[i]!) ?? 0) + 1);
  }
  return [...counts.values()];
}
