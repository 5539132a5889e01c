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
  const [v, w] = [values.slice(), weights.slice()];
  let total = 0;
  for (let i = 0; i < w.length; i++) total += w[i]!;
  const target = q * total * (1 - 1e-12);
  let low = 0;
  let high = v.length - 1;
  let before = 0;
  let answer = Number.NaN;
  // Quickselect by weight: three parts around a pivot, then on with the part that holds the target.
  while (low <= high) {
    const pivot = medianOfThree(v[low]!, v[(low + high) >> 1]!, v[high]!);
    let [less, i, greater] = [low, low, high];
    let lessWeight = 0;
    let equalWeight = 0;
    while (i <= greater) {
      const value = v[i]!;
      if (value < pivot) {
        lessWeight += w[i]!;
        swap(v, w, i++, less++);
      } else if (value > pivot) swap(v, w, i, greater--);
      else equalWeight += w[i++]!;
    }
    answer = pivot;
    if (less > low && before + lessWeight >= target) high = less - 1;
    else if (before + lessWeight + equalWeight >= target) return pivot;
    else {
      before += lessWeight + equalWeight;
      low = greater + 1;
    }
  }
  return answer;
}

function swap(v: Float64Array, w: Float64Array, i: number, j: number): void {
  const [value, weight] = [v[i]!, w[i]!];
  v[i] = v[j]!;
  w[i] = w[j]!;
  v[j] = value;
  w[j] = weight;
}
