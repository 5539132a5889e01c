/** From here on Stirling's series are exact in float64; the recurrence lifts smaller arguments. */
const STIRLING_FROM = 10;

/** ln of the gamma function for x > 0, relative error about 1e-15: Stirling's series above 10, recurrence below. */
export function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  while (z < STIRLING_FROM) shift -= Math.log(z++);
  return shift + (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + stirlingRest(z);
}

function stirlingRest(z: number): number {
  const r = 1 / (z * z);
  return (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / z;
}

/** Derivative of `logGamma` for x > 0. */
export function digamma(x: number): number {
  let shift = 0;
  let z = x;
  while (z < STIRLING_FROM) shift -= 1 / z++;
  const r = 1 / (z * z);
  const series = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r / 132))));
  return shift + Math.log(z) - 1 / (2 * z) - series;
}

/**
 * ln G(a + h) - ln G(a) - h ln a for a > 0 and h >= 0. Where a is much larger than h the difference of the two
 * functions would be rounding alone; here what cancels has been taken out of Stirling's series.
 */
export function logGammaRise(a: number, h: number): number {
  if (a < STIRLING_FROM) return logGamma(a + h) - logGamma(a) - h * Math.log(a);
  return (a + h - 0.5) * Math.log1p(h / a) - h + stirlingRest(a + h) - stirlingRest(a);
}

/** digamma(a + h) - digamma(a) - ln(1 + h / a) for a > 0 and h >= 0, likewise. */
export function digammaRise(a: number, h: number): number {
  const b = a + h;
  if (a < STIRLING_FROM) return digamma(b) - digamma(a) - Math.log1p(h / a);
  // 1 / a^k - 1 / b^k, for k = 1 and then doubled, from factors that do not cancel.
  const first = h / (a * b);
  const second = first * (1 / a + 1 / b);
  const [p, q] = [1 / (a * a), 1 / (b * b)];
  // (p^n - q^n) / (p - q) of Stirling's further powers n.
  const sums = (n: number) => Array.from({ length: n }, (_, i) => p ** i * q ** (n - 1 - i)).reduce((x, y) => x + y);
  return first / 2 + second * (1 / 12 - sums(2) / 120 + sums(3) / 252 - sums(4) / 240 + sums(5) / 132);
}

/** x - ln(1 + x) for x > -1, about x^2 / 2 near 0, without the difference's loss of digits there. */
export function log1pGap(x: number): number {
  if (Math.abs(x) > 0.1) return x - Math.log1p(x);
  // ln(1 + x) = 2 (w + w^3 / 3 + w^5 / 5 + ...) with w = x / (2 + x), and x - 2 w = x w.
  const w = x / (2 + x);
  let rest = 0;
  for (let k = 7; k >= 1; k--) rest = w * w * (rest + 1 / (2 * k + 1));
  return x * w - 2 * w * rest;
}
