/** ln of the gamma function for x > 0, relative error about 1e-15: Stirling's series above 10, recurrence below. */
export function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  while (z < 10) shift -= Math.log(z++);
  const r = 1 / (z * z);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / z;
  return shift + (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series;
}

/** Derivative of `logGamma` for x > 0. */
export function digamma(x: number): number {
  let shift = 0;
  let z = x;
  while (z < 10) shift -= 1 / z++;
  const r = 1 / (z * z);
  const series = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r / 132))));
  return shift + Math.log(z) - 1 / (2 * z) - series;
}
