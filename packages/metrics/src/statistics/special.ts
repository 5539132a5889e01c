/** Lanczos coefficients for g = 7, n = 9 (relative error below 1e-15). */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** More terms than any argument below needs; a guard against endless loops. */
const MAX_TERMS = 10_000;

/** Where series and fractions stop: the precision of float64. */
const PRECISION = 1e-16;

/** Replaces zero denominators in continued fractions. */
const TINY = 1e-300;

/** ln Gamma(x) for x > 0 (Lanczos 1964). */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  const base = shifted + 7.5;
  let sum = LANCZOS[0]!;
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (shifted + i);
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(sum);
}

/** Regularised incomplete beta function I_x(a, b) for a, b > 0 and x in [0, 1], by its continued fraction. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (!(x > 0)) return Number.isNaN(x) ? Number.NaN : 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side of the mean; the other side follows by symmetry.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < MAX_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return front * value;
}

/** P(T > t) of Student's t distribution. */
export function studentUpperTail(t: number, degreesOfFreedom: number): number {
  if (Number.isNaN(t)) return Number.NaN;
  const x = degreesOfFreedom / (degreesOfFreedom + t * t);
  const half = 0.5 * incompleteBeta(x, degreesOfFreedom / 2, 0.5);
  return t >= 0 ? half : 1 - half;
}

/** P(Z > z) of the standard normal distribution, with full relative precision in the tail. */
export function normalUpperTail(z: number): number {
  if (Number.isNaN(z)) return Number.NaN;
  if (z < 0) return 1 - normalUpperTail(-z);
  const x = (z * z) / 2;
  const front = Math.exp(-x) / Math.sqrt(Math.PI);
  if (x < 1.5) {
    // Series of the lower incomplete gamma function of 1/2.
    let term = 2 * Math.sqrt(x);
    let sum = term;
    for (let n = 1; n < MAX_TERMS && Math.abs(term) > PRECISION * sum; n++) {
      term *= x / (n + 0.5);
      sum += term;
    }
    return 0.5 * (1 - front * sum);
  }
  // Continued fraction of the upper one.
  let b = x + 0.5;
  let c = 1 / TINY;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n < MAX_TERMS; n++) {
    const a = -n * (n - 0.5);
    b += 2;
    d = 1 / nonZero(a * d + b);
    c = nonZero(b + a / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return 0.5 * front * Math.sqrt(x) * value;
}

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
