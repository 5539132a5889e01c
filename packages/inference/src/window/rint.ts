/** Nearest integer, halves to the even one: how NumPy and C round, and `Math.round` does not. */
export function rint(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
