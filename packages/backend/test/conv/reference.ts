import { type ConvGeometry, volumeOf } from '../../src/conv/geometry.ts';

interface Term {
  /** Index of the voxel in the input, of the tap in the kernel, of the voxel in the output; without channels. */
  readonly input: number;
  readonly tap: number;
  readonly output: number;
}

/** Every pair of an output voxel and a tap that falls inside the input. */
function* terms(g: ConvGeometry): Generator<Term> {
  const [d, h, w] = g.input;
  const [od, oh, ow] = g.output;
  const [kd, kh, kw] = g.kernel;
  for (let n = 0; n < g.batch; n++) {
    for (let z = 0; z < od; z++) {
      for (let y = 0; y < oh; y++) {
        for (let x = 0; x < ow; x++) {
          for (let i = 0; i < kd; i++) {
            const a = z * g.stride[0] + i * g.dilation[0] - g.pad[0];
            if (a < 0 || a >= d) continue;
            for (let j = 0; j < kh; j++) {
              const b = y * g.stride[1] + j * g.dilation[1] - g.pad[1];
              if (b < 0 || b >= h) continue;
              for (let k = 0; k < kw; k++) {
                const c = x * g.stride[2] + k * g.dilation[2] - g.pad[2];
                if (c < 0 || c >= w) continue;
                yield {
                  input: ((n * d + a) * h + b) * w + c,
                  tap: (i * kh + j) * kw + k,
                  output: ((n * od + z) * oh + y) * ow + x,
                };
              }
            }
          }
        }
      }
    }
  }
}

/** Forward pass in float64, by definition. */
export function referenceForward(g: ConvGeometry, x: Float32Array, w: Float32Array, bias?: Float32Array): Float64Array {
  const { inChannels: ci, outChannels: co } = g;
  const y = new Float64Array(g.batch * volumeOf(g.output) * co);
  if (bias !== undefined) for (let i = 0; i < y.length; i++) y[i] = bias[i % co]!;
  for (const { input, tap, output } of terms(g)) {
    for (let c = 0; c < ci; c++) {
      const value = x[input * ci + c]!;
      const row = (tap * ci + c) * co;
      for (let o = 0; o < co; o++) y[output * co + o]! += value * w[row + o]!;
    }
  }
  return y;
}

/** Gradient for the input in float64, by definition. */
export function referenceInputGradient(g: ConvGeometry, dy: Float32Array, w: Float32Array): Float64Array {
  const { inChannels: ci, outChannels: co } = g;
  const dx = new Float64Array(g.batch * volumeOf(g.input) * ci);
  for (const { input, tap, output } of terms(g)) {
    for (let c = 0; c < ci; c++) {
      const row = (tap * ci + c) * co;
      let sum = 0;
      for (let o = 0; o < co; o++) sum += dy[output * co + o]! * w[row + o]!;
      dx[input * ci + c]! += sum;
    }
  }
  return dx;
}

/** Gradient for the weights in float64, by definition. */
export function referenceFilterGradient(g: ConvGeometry, x: Float32Array, dy: Float32Array): Float64Array {
  const { inChannels: ci, outChannels: co } = g;
  const dw = new Float64Array(volumeOf(g.kernel) * ci * co);
  for (const { input, tap, output } of terms(g)) {
    for (let c = 0; c < ci; c++) {
      const value = x[input * ci + c]!;
      const row = (tap * ci + c) * co;
      for (let o = 0; o < co; o++) dw[row + o]! += value * dy[output * co + o]!;
    }
  }
  return dw;
}

/** Largest difference, relative to the largest expected value; NaN counts as infinite. */
export function relativeError(actual: Float32Array, expected: Float64Array): number {
  let error = 0;
  let largest = 1e-30;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(error, difference);
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return error / largest;
}
