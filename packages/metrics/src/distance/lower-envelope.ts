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
  // A sample of 0 hides what lies beyond it from what lies before, so the line falls into parts between zeros.
  let first = 0;
  for (let i = 0; i < n; i++) {
    if (line[offset + i * stride] !== 0) continue;
    if (i - first > 1 || line[offset + first * stride] !== 0)
      envelopeOfPart(line, offset, stride, first, i, weight, scratch);
    first = i;
  }
  if (first < n - 1) envelopeOfPart(line, offset, stride, first, n - 1, weight, scratch);
}

/** The envelope of samples first to last, inclusive. */
function envelopeOfPart(
  line: Float64Array,
  offset: number,
  stride: number,
  first: number,
  last: number,
  weight: number,
  { values, sites, starts }: EnvelopeScratch,
): void {
  let top = -1;
  for (let i = first, at = offset + first * stride; i <= last; i++, at += stride) {
    const value = line[at]!;
    // Leaving infinite parabolas out avoids inf - inf, and empty lines cost one look.
    if (value === Number.POSITIVE_INFINITY) continue;
    let start = Number.NEGATIVE_INFINITY;
    while (top >= 0) {
      const j = sites[top]!;
      start = ((value - values[top]!) / (weight * (i - j)) + i + j) / 2;
      if (start > starts[top]!) break;
      top--;
    }
    if (top < 0) start = Number.NEGATIVE_INFINITY;
    top++;
    values[top] = value;
    sites[top] = i;
    starts[top] = start;
  }
  if (top < 0) return;
  starts[top + 1] = Number.POSITIVE_INFINITY;
  let k = 0;
  for (let i = first, at = offset + first * stride; i <= last; i++, at += stride) {
    while (starts[k + 1]! < i) k++;
    const gap = i - sites[k]!;
    line[at] = weight * gap * gap + values[k]!;
  }
}
