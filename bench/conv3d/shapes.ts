/** Depth, height, width. */
export type Size3 = readonly [number, number, number];

/** A convolution with cubic kernels, padded by half a kernel on both sides. */
export interface ConvShape {
  readonly batch: number;
  /** Edge of a cube, or depth, height and width. */
  readonly size: number | Size3;
  readonly cin: number;
  readonly cout: number;
  readonly kernel: number;
  readonly stride: number;
}

const shape = (
  batch: number,
  size: number | Size3,
  cin: number,
  cout: number,
  kernel: number,
  stride: number,
): ConvShape => ({ batch, size, cin, cout, kernel, stride });

/** The layers of the reference U-Net at 64^3, as in the peer program. */
export const shapes: readonly ConvShape[] = [
  shape(1, 64, 1, 16, 3, 1),
  shape(1, 64, 16, 16, 3, 1),
  shape(1, 64, 16, 32, 3, 2),
  shape(1, 32, 32, 32, 3, 1),
  shape(1, 32, 32, 64, 3, 2),
  shape(1, 16, 64, 64, 3, 1),
  shape(1, 8, 128, 128, 3, 1),
  shape(1, 32, 64, 32, 3, 1),
  shape(1, 64, 32, 16, 3, 1),
  shape(1, 32, 64, 64, 3, 1),
  shape(1, 64, 16, 3, 1, 1),
];

const odd: Size3 = [61, 59, 37];
const even: Size3 = [60, 60, 36];

/**
 * Odd sizes and channels, each followed by its even neighbours: 13 channels by 14 and by 16, which fill whole vectors;
 * 30 channels by 32. The peer program does not measure these.
 */
export const oddPairs: readonly (readonly [ConvShape, ...ConvShape[]])[] = [
  [shape(1, odd, 13, 13, 3, 1), shape(1, even, 14, 14, 3, 1), shape(1, even, 16, 16, 3, 1)],
  [shape(1, odd, 30, 30, 3, 1), shape(1, even, 32, 32, 3, 1)],
];

/** Depth, height and width of the input. */
export const inputSize = ({ size }: ConvShape): Size3 => (typeof size === 'number' ? [size, size, size] : size);

/** Depth, height and width of the output. */
export const outputSize = (s: ConvShape): Size3 => {
  const along = (n: number) => Math.floor((n + 2 * (s.kernel >> 1) - s.kernel) / s.stride) + 1;
  const [d, h, w] = inputSize(s);
  return [along(d), along(h), along(w)];
};

/** Floating-point operations of one direction, as a direct sum would need them. */
export const flops = (s: ConvShape): number =>
  2 * s.batch * outputSize(s).reduce((a, b) => a * b) * s.cin * s.cout * s.kernel ** 3;

/** The same layer on the largest cube, at least 4 and at most the given one, that needs no more than `limit` operations. */
export function shrunk(s: ConvShape, limit: number): ConvShape {
  let [size] = inputSize(s);
  while (size > 4 && flops({ ...s, size }) > limit) size /= 2;
  return { ...s, size };
}
