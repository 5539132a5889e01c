import { sizeOf, type Values } from '../values.ts';

export type Triple = readonly [number, number, number];

/** Zeros before and after each axis. */
export type Pads = readonly (readonly [number, number])[];

/** How the taps of a kernel meet the voxels. */
export interface Taps {
  readonly strides: Triple;
  readonly pads: Pads;
  readonly dilations?: Triple;
}

/** TensorFlow's `'same'`: the odd zero at the end. */
export function samePads(input: readonly number[], kernel: readonly number[], strides: Triple): Pads {
  return strides.map((stride, a) => {
    const total = Math.max(0, (Math.ceil(input[a]! / stride) - 1) * stride + kernel[a]! - input[a]!);
    return [Math.floor(total / 2), Math.ceil(total / 2)] as const;
  });
}

export const noPads: Pads = [
  [0, 0],
  [0, 0],
  [0, 0],
];

/** Spatial size of the output. */
export function outputSize(input: readonly number[], kernel: readonly number[], { strides, pads, dilations }: Taps) {
  return strides.map((stride, a) => {
    const extent = (kernel[a]! - 1) * (dilations?.[a] ?? 1) + 1;
    return Math.floor((input[a]! + pads[a]![0] + pads[a]![1] - extent) / stride) + 1;
  });
}

/** Visits every (output voxel, input voxel, tap) that belong together, as flat indices; shapes are [N, D, H, W]. */
export function eachTap(
  input: readonly number[],
  output: readonly number[],
  kernel: readonly number[],
  { strides, pads, dilations = [1, 1, 1] }: Taps,
  visit: (to: number, from: number, tap: number) => void,
): void {
  const taps = sizeOf(kernel);
  for (let to = 0; to < sizeOf(output); to++) {
    const x = to % output[3]!;
    const y = Math.floor(to / output[3]!) % output[2]!;
    const z = Math.floor(to / (output[3]! * output[2]!)) % output[1]!;
    const n = Math.floor(to / (output[3]! * output[2]! * output[1]!));
    for (let tap = 0; tap < taps; tap++) {
      const k = tap % kernel[2]!;
      const j = Math.floor(tap / kernel[2]!) % kernel[1]!;
      const i = Math.floor(tap / (kernel[2]! * kernel[1]!));
      const d = z * strides[0] + i * dilations[0] - pads[0]![0];
      const h = y * strides[1] + j * dilations[1] - pads[1]![0];
      const w = x * strides[2] + k * dilations[2] - pads[2]![0];
      if (d < 0 || h < 0 || w < 0 || d >= input[1]! || h >= input[2]! || w >= input[3]!) continue;
      visit(to, ((n * input[1]! + d) * input[2]! + h) * input[3]! + w, tap);
    }
  }
}

/** x [N,D,H,W,I], kernel [kD,kH,kW,I,O], bias [O]. */
export function convolution(x: Values, kernel: Values, bias: Values | undefined, taps: Taps): Values {
  const [inputs, outputs] = kernel.shape.slice(3) as [number, number];
  const size = outputSize(x.shape.slice(1, 4), kernel.shape, taps);
  const shape = [x.shape[0]!, ...size, outputs];
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => bias?.data[i % outputs] ?? 0);
  eachTap(x.shape.slice(0, 4), shape.slice(0, 4), kernel.shape.slice(0, 3), taps, (to, from, tap) => {
    for (let i = 0; i < inputs; i++)
      for (let o = 0; o < outputs; o++)
        data[to * outputs + o]! += x.data[from * inputs + i]! * kernel.data[(tap * inputs + i) * outputs + o]!;
  });
  return { shape, data };
}

/** x [N,d,h,w,I], kernel [kD,kH,kW,O,I], to [N,...size,O]. */
export function transposedConvolution(
  x: Values,
  kernel: Values,
  bias: Values | undefined,
  size: Triple,
  taps: Taps,
): Values {
  const [outputs, inputs] = kernel.shape.slice(3) as [number, number];
  const shape = [x.shape[0]!, ...size, outputs];
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => bias?.data[i % outputs] ?? 0);
  eachTap(shape.slice(0, 4), x.shape.slice(0, 4), kernel.shape.slice(0, 3), taps, (small, large, tap) => {
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < inputs; i++)
        data[large * outputs + o]! += x.data[small * inputs + i]! * kernel.data[(tap * outputs + o) * inputs + i]!;
  });
  return { shape, data };
}

/** Maximum or average of the voxels of each window that lie inside the volume. */
export function pooling(x: Values, kind: 'max' | 'average', window: Triple, taps: Taps): Values {
  const channels = x.shape[4]!;
  const size = outputSize(x.shape.slice(1, 4), window, taps);
  const shape = [x.shape[0]!, ...size, channels];
  const data = new Float64Array(sizeOf(shape)).fill(kind === 'max' ? Number.NEGATIVE_INFINITY : 0);
  const counts = new Float64Array(data.length);
  eachTap(x.shape.slice(0, 4), shape.slice(0, 4), window, taps, (to, from) => {
    for (let c = 0; c < channels; c++) {
      const value = x.data[from * channels + c]!;
      const place = to * channels + c;
      data[place] = kind === 'max' ? Math.max(data[place]!, value) : data[place]! + value;
      counts[place]!++;
    }
  });
  return { shape, data: kind === 'max' ? data : data.map((v, i) => v / counts[i]!) };
}
