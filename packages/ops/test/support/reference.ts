import type { Values } from './gradients.ts';

type Triple = readonly [number, number, number];
type Pads = readonly [readonly [number, number], readonly [number, number], readonly [number, number]];

/** Calls back for every (output voxel, input voxel, tap) that a convolution joins, in float64-free index arithmetic. */
function eachTap(
  input: readonly number[],
  output: readonly number[],
  kernel: readonly number[],
  strides: Triple,
  dilations: Triple,
  pads: Pads,
  visit: (outVoxel: number, inVoxel: number, tap: number) => void,
): void {
  const [batch, D, H, W] = input as [number, number, number, number];
  const [, d, h, w] = output as [number, number, number, number];
  for (let n = 0; n < batch; n++)
    for (let a = 0; a < d; a++)
      for (let b = 0; b < h; b++)
        for (let c = 0; c < w; c++)
          for (let i = 0; i < kernel[0]!; i++)
            for (let j = 0; j < kernel[1]!; j++)
              for (let k = 0; k < kernel[2]!; k++) {
                const z = a * strides[0] + i * dilations[0] - pads[0][0];
                const y = b * strides[1] + j * dilations[1] - pads[1][0];
                const x = c * strides[2] + k * dilations[2] - pads[2][0];
                if (z < 0 || z >= D || y < 0 || y >= H || x < 0 || x >= W) continue;
                visit(
                  ((n * d + a) * h + b) * w + c,
                  ((n * D + z) * H + y) * W + x,
                  (i * kernel[1]! + j) * kernel[2]! + k,
                );
              }
}

export interface ConvSettings {
  readonly strides: Triple;
  readonly dilations?: Triple;
  readonly pads: Pads;
}

/** Convolution by plain loops: x NDHWC, kernel [kD, kH, kW, I, O], bias [O]. */
export function convReference(x: Values, kernel: Values, bias: Values | undefined, settings: ConvSettings): Values {
  const { strides, dilations = [1, 1, 1], pads } = settings;
  const [I, O] = kernel.shape.slice(3) as [number, number];
  const sizes = [0, 1, 2].map(
    (a) =>
      Math.floor(
        (x.shape[a + 1]! + pads[a]![0] + pads[a]![1] - (kernel.shape[a]! - 1) * dilations[a]! - 1) / strides[a]!,
      ) + 1,
  );
  const shape = [x.shape[0]!, ...sizes, O];
  const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
  if (bias) for (let i = 0; i < data.length; i++) data[i] = bias.data[i % O]!;
  eachTap(x.shape, shape, kernel.shape, strides, dilations, pads, (out, inp, tap) => {
    for (let i = 0; i < I; i++)
      for (let o = 0; o < O; o++) data[out * O + o]! += x.data[inp * I + i]! * kernel.data[(tap * I + i) * O + o]!;
  });
  return { shape, data };
}

/** Transposed convolution by scattering: x [N, d, h, w, I], kernel [kD, kH, kW, O, I], to the given size. */
export function convTransposeReference(
  x: Values,
  kernel: Values,
  bias: Values | undefined,
  size: Triple,
  { strides, pads }: ConvSettings,
): Values {
  const [O, I] = kernel.shape.slice(3) as [number, number];
  const shape = [x.shape[0]!, ...size, O];
  const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
  if (bias) for (let i = 0; i < data.length; i++) data[i] = bias.data[i % O]!;
  eachTap(shape, x.shape, kernel.shape, strides, [1, 1, 1], pads, (small, large, tap) => {
    for (let o = 0; o < O; o++)
      for (let i = 0; i < I; i++) data[large * O + o]! += x.data[small * I + i]! * kernel.data[(tap * O + o) * I + i]!;
  });
  return { shape, data };
}
