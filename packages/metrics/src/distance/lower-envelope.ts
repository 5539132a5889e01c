/** Work space of `lowerEnvelope` for lines of up to n samples. */
export interface EnvelopeScratch {
  readonly values: Float64Array;
  readonly sites: Int32Array;
  readonly starts: Float64Array;
}

/** Allocates the work space for lines of up to n samples. */
export function envelopeScratch(n: number): EnvelopeScratch {
  return { values: new Float64Array(n), sites: new Int32Array(n), starts: new Float64Array(n + 1) };
}

/**
 * Replaces a line of squared distances f by min over j of f(j) + weight (i - j)^2, in float64 and O(n).
 *
 * The line is `line[offset + i * stride]`, i < n; infinite samples are no sites, and a line of nothing else stays as it
 * is. Felzenszwalb and Huttenlocher 2012, algorithm 1: the lower envelope of parabolas.
 */
export function lowerEnvelope(
  line: Float64Array,
  offset: number,
  stride: number,
  n: number,
  weight: number,
  scratch: EnvelopeScratch,
): void {
  const { values, sites, starts } = scratch;
  let top = -1;
  for (let i = 0, at = offset; i < n; i++, at += stride) {
    const value = line[at]!;
    values[i] = value;
    // Leaving infinite parabolas out avoids inf - inf, and empty lines cost one look.
    if (value === Number.POSITIVE_INFINITY) continue;
    const height = value + weight * i * i;
    let start = Number.NEGATIVE_INFINITY;
    while (top >= 0) {
      const j = sites[top]!;
      start = (height - (values[j]! + weight * j * j)) / (2 * weight * (i - j));
      if (start > starts[top]!) break;
      top--;
    }
    if (top < 0) start = Number.NEGATIVE_INFINITY;
    top++;
    sites[top] = i;
    starts[top] = start;
  }
  if (top < 0) return;
  starts[top + 1] = Number.POSITIVE_INFINITY;
  let k = 0;
  for (let i = 0, at = offset; i < n; i++, at += stride) {
    while (starts[k + 1]! < i) k++;
    const gap = i - sites[k]!;
    line[at] = weight * gap * gap + values[sites[k]!]!;
  }
}
