import { SegError } from '@seg/core';
import { conv3d, dispose, grads, mul, sum, type Tensor, type Tensor5D, tensor5d, tidy } from '@tensorflow/tfjs-core';

// Sums of at most 600 products in float32 against float64; a wrong kernel is off by the size of the values.
const tolerance = 1e-4;
const inShape = [1, 5, 6, 7, 8] as const;
const filterShape = [3, 3, 3, 8, 8] as const;

/**
 * Compares a 3-D convolution and both of its gradients, with stride 1 and 2, to float64 loops.
 * @throws SegError `backend-failure` naming what is wrong.
 */
export async function selfCheck(backend: string): Promise<void> {
  for (const stride of [1, 2]) {
    const out = inShape.map((size) => Math.ceil(size / stride));
    const outShape: Shape = [1, out[1]!, out[2]!, out[3]!, filterShape[4]];
    const x = values(1, inShape);
    const filter = values(2, filterShape);
    const dy = values(3, outShape);
    const found = await onBackend(x, filter, dy, outShape, stride);
    const expected = reference(x, filter, dy, outShape, stride);
    for (const [name, error] of [
      ['convolution', difference(found.y, expected.y)],
      ['input gradient', difference(found.dx, expected.dx)],
      ['filter gradient', difference(found.dw, expected.dw)],
    ] as const) {
      if (error <= tolerance) continue;
      throw new SegError('backend-failure', {
        where: 'startBackend',
        problem: `the ${backend} backend computes a wrong ${name} of conv3d (3x3x3, stride ${stride})`,
        got: `relative error ${error.toExponential(1)}`,
        expected: `at most ${tolerance}`,
        hint: "Choose another backend with startBackend({ name }), for example 'cpu'.",
      });
    }
  }
}

type Shape = readonly [number, number, number, number, number];
interface Results {
  readonly y: ArrayLike<number>;
  readonly dx: ArrayLike<number>;
  readonly dw: ArrayLike<number>;
}

async function onBackend(
  x: Float32Array,
  filter: Float32Array,
  dy: Float32Array,
  outShape: Shape,
  stride: number,
): Promise<Results> {
  const tensors = tidy(() => {
    const tx = tensor5d(x, [...inShape]);
    const tf = tensor5d(filter, [...filterShape]);
    const ty = tensor5d(dy, [...outShape]);
    const forward = (a: Tensor, b: Tensor) => conv3d(a as Tensor5D, b as Tensor5D, stride, 'same');
    const [dx, dw] = grads((a: Tensor, b: Tensor) => sum(mul(forward(a, b), ty)))([tx, tf]);
    return { y: forward(tx, tf), dx: dx!, dw: dw! };
  });
  const { y, dx, dw } = tensors;
  const results = { y: await y.data(), dx: await dx.data(), dw: await dw.data() };
  dispose(tensors);
  return results;
}

function reference(x: Float32Array, filter: Float32Array, dy: Float32Array, outShape: Shape, stride: number): Results {
  const [, D, H, W, C] = inShape;
  const [, OD, OH, OW, K] = outShape;
  const y = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(filter.length);
  const before = (size: number, outSize: number) => Math.floor(Math.max(0, (outSize - 1) * stride + 3 - size) / 2);
  const pads = [before(D, OD), before(H, OH), before(W, OW)] as const;
  for (let p = 0; p < OD * OH * OW; p++) {
    const corner = [Math.floor(p / (OH * OW)), Math.floor(p / OW) % OH, p % OW].map((o, a) => o * stride - pads[a]!);
    for (let tap = 0; tap < 27; tap++) {
      const d = corner[0]! + Math.floor(tap / 9);
      const h = corner[1]! + (Math.floor(tap / 3) % 3);
      const w = corner[2]! + (tap % 3);
      if (d < 0 || h < 0 || w < 0 || d >= D || h >= H || w >= W) continue;
      const q = (d * H + h) * W + w;
      for (let c = 0; c < C; c++) {
        for (let k = 0; k < K; k++) {
          const f = (tap * C + c) * K + k;
          y[p * K + k]! += x[q * C + c]! * filter[f]!;
          dx[q * C + c]! += dy[p * K + k]! * filter[f]!;
          dw[f]! += dy[p * K + k]! * x[q * C + c]!;
        }
      }
    }
  }
  return { y, dx, dw };
}

/** Fixed values in -1..1 that no symmetry of a wrong kernel can hide. */
function values(seed: number, shape: readonly number[]): Float32Array {
  let state = seed * 747796405;
  return Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/** Largest difference relative to the largest expected value; NaN counts as infinite. */
function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let error = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const e = Math.abs(found[i]! - expected[i]!);
    if (Number.isNaN(e)) return Number.POSITIVE_INFINITY;
    error = Math.max(error, e);
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return error / largest;
}
