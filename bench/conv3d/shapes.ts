/** A convolution of cubes with cubic kernels, padded by half a kernel on both sides. */
export interface ConvShape {
  readonly batch: number;
  readonly size: number;
  readonly cin: number;
  readonly cout: number;
  readonly kernel: number;
  readonly stride: number;
}

const shape = (batch: number, size: number, cin: number, cout: number, kernel: number, stride: number): ConvShape => ({
  batch,
  size,
  cin,
  cout,
  kernel,
  stride,
});

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

/** Odd sizes and channels beside even neighbours; the peer program does not measure these. */
export const oddShapes: readonly ConvShape[] = [shape(1, 61, 13, 13, 3, 1), shape(1, 37, 30, 30, 3, 1)];

export const outputSize = ({ size, kernel, stride }: ConvShape): number =>
  Math.floor((size + 2 * (kernel >> 1) - kernel) / stride) + 1;

/** Floating-point operations of one direction, as a direct sum would need them. */
export const flops = (s: ConvShape): number => 2 * s.batch * outputSize(s) ** 3 * s.cin * s.cout * s.kernel ** 3;

/** The same layer on the largest cube, at least 4 and at most the given one, that needs no more than `limit` operations. */
export function shrunk(s: ConvShape, limit: number): ConvShape {
  let size = s.size;
  while (size > 4 && flops({ ...s, size }) > limit) size /= 2;
  return { ...s, size };
}
