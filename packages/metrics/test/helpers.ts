/** Boxes given per axis as [low, high), as a mask on a grid of the given sizes. */
export function boxMask(shape: readonly number[], ...boxes: readonly (readonly (readonly [number, number])[])[]) {
  const mask = new Uint8Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < mask.length; i++) {
    const index = indexOf(i, shape);
    if (boxes.some((box) => box.every(([low, high], axis) => index[axis]! >= low && index[axis]! < high))) mask[i] = 1;
  }
  return mask;
}

/** The index on each axis of position i, x fastest. */
export function indexOf(i: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = i;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}

/** Rounding of sums in float64, relative. */
export const ROUNDING = 1e-12;

/** Values printed with seven digits. */
export const SEVEN_DIGITS = 5e-8;

/** Whether two numbers agree to a relative tolerance (absolute below 1); NaN agrees with NaN. */
export function agrees(got: number, expected: number, tolerance: number): boolean {
  if (Number.isNaN(expected) || !Number.isFinite(expected)) return Object.is(got, expected);
  return Math.abs(got - expected) <= tolerance * Math.max(1, Math.abs(expected));
}
