/**
 * The value at rank (n - 1) q of the sorted values, linearly interpolated (the default of NumPy and torch).
 *
 * @param values any order; left as they are. n = 1 returns the element, n = 0 NaN.
 * @param q in [0, 1]
 */
export function quantile(values: Float64Array, q: number): number {
  const n = values.length;
  if (n === 0) return Number.NaN;
  const rank = (n - 1) * q;
  const below = Math.floor(rank);
  const work = values.slice();
  const low = select(work, below);
  const weight = rank - below;
  if (weight === 0) return low;
  // After selection everything behind the rank is at least as large, so the next value is the least of it.
  let high = Number.POSITIVE_INFINITY;
  for (let i = below + 1; i < n; i++) if (work[i]! < high) high = work[i]!;
  return high === low ? low : low + (high - low) * weight;
}

/** Rearranges the values so that the k-th smallest stands at k, smaller ones before it; returns it (Hoare's select). */
function select(values: Float64Array, k: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = medianOfThree(values[low]!, values[(low + high) >> 1]!, values[high]!);
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i <= j) {
        const swap = values[i]!;
        values[i] = values[j]!;
        values[j] = swap;
        i++;
        j--;
      }
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return values[k]!;
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

/**
 * The first value, in increasing order, at which the cumulative weight reaches the share q of the total.
 *
 * Equal weights reach a share like 19/20 exactly; a sum that rounding left 1e-12 short of it counts as there, so that
 * the order of the points does not decide.
 *
 * @param values any order; left as they are. n = 0 returns NaN.
 */
export function weightedQuantile(values: Float64Array, weights: Float64Array, q: number): number {
  const n = values.length;
  if (n === 0) return Number.NaN;
  // Distances on a lattice repeat, so there are far fewer values than points: sum per value, then sort those.
  const sums = new Map<number, number>();
  let total = 0;
  for (let i = 0; i < n; i++) {
    const value = values[i]!;
    sums.set(value, (sums.get(value) ?? 0) + weights[i]!);
    total += weights[i]!;
  }
  const sorted = Float64Array.from(sums.keys()).sort();
  let cumulative = 0;
  for (const value of sorted) {
    cumulative += sums.get(value)!;
    if (cumulative >= q * total * (1 - 1e-12)) return value;
  }
  return sorted[sorted.length - 1]!;
}
