import { Rng } from '@seg/core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { type Kernel, valuesOf } from '../../src/fused/context.ts';
import { maxPool3d, maxPool3dGrad } from '../../src/fused/max-pool.ts';
import { normActivation, normActivationGrad } from '../../src/fused/norm.ts';
import { resizeTrilinear, resizeTrilinearGrad } from '../../src/fused/resize.ts';
import type { KernelVariant, TfjsRuntime } from '../../src/runtime/kernel-runtime.ts';
import { type GuardedRuntime, startGuardedRuntime } from '../conv/guarded-runtime.ts';
import { volumeOf } from './support.ts';

const shapes = 150;

/** What a test works with: random numbers, tensors between guard zones, and kernels whose results it looks at. */
function tools(runtime: GuardedRuntime, rng: Rng) {
  const integer = (low: number, high: number) => low + Math.floor(rng.uniform() * (high - low + 1));
  const three = (low: number, high: number) => [integer(low, high), integer(low, high), integer(low, high)];
  const tensor = (shape: readonly number[]) =>
    runtime.tensor(
      shape,
      Float32Array.from({ length: volumeOf(shape) }, () => rng.normal()),
    );
  const call = (kernel: Kernel, inputs: Record<string, TensorInfo>, attrs: Record<string, unknown>): TensorInfo[] => {
    // These kernels use no more of a runtime than the guarded one has.
    const outputs = [kernel(runtime as unknown as TfjsRuntime, inputs, attrs)].flat();
    runtime.checkGuards();
    // Guards and blocks that nobody wrote to are NaN.
    const hasHoles = (info: TensorInfo) => valuesOf(runtime, info).some(Number.isNaN);
    expect(outputs.map(hasHoles), JSON.stringify({ kernel: kernel.name, inputs, attrs })).not.toContain(true);
    return outputs;
  };
  return { integer, three, tensor, call };
}

type Tools = ReturnType<typeof tools>;

/** Each on one random shape, forward and backward. */
const cases: Readonly<Record<string, (t: Tools) => void>> = {
  'max-pooling': ({ integer, three, tensor, call }) => {
    const filterSize = three(1, 3);
    const halving = integer(0, 2) === 0;
    const size = halving ? three(1, 4).map((n) => 2 * n) : three(3, 9);
    const shape = [integer(1, 3), ...size, halving ? 4 * integer(1, 6) : integer(1, 20)];
    const attrs = halving
      ? { filterSize: [2, 2, 2], strides: [2, 2, 2], pad: 'valid' }
      : { filterSize, strides: three(1, 3), pad: ['same', 'valid', integer(0, 3)][integer(0, 2)] };
    const input = tensor(shape);
    const [output] = call(maxPool3d, { x: input }, attrs);
    call(maxPool3dGrad, { dy: tensor(output!.shape), input, output: output! }, attrs);
  },
  norm: ({ integer, three, tensor, call }) => {
    const size = integer(1, 4);
    const groups = integer(1, 16);
    const channels = size * groups;
    const x = tensor([integer(1, 3), ...three(1, 8), channels]);
    const attrs = { groups, epsilon: 1e-3, negativeSlope: [0, 0.01, 1][integer(0, 2)] };
    const scale = tensor([channels]);
    const offset = tensor([channels]);
    const [, mean, invStd] = call(normActivation, { x, scale, offset }, attrs);
    const inputs = { x, scale, offset, mean: mean!, invStd: invStd!, dy: tensor(x.shape) };
    call(normActivationGrad, inputs, attrs);
  },
  resizing: ({ integer, three, tensor, call }) => {
    const inputSize = three(1, 8);
    const [samples, channels] = [integer(1, 3), integer(1, 20)];
    const attrs = { size: three(1, 9), inputSize };
    const [y] = call(resizeTrilinear, { x: tensor([samples, ...inputSize, channels]) }, attrs);
    call(resizeTrilinearGrad, { dy: tensor(y!.shape) }, attrs);
  },
};

describe.each(['simd', 'relaxed'] satisfies KernelVariant[])('fused kernels between guard zones, %s', (variant) => {
  test.each(Object.entries(cases))('%s stays within its tensors', async (_, run) => {
    const runtime = await startGuardedRuntime({ variant, pages: 1024 });
    try {
      const all = tools(runtime, Rng.fromSeed(7));
      for (let i = 0; i < shapes; i++) {
        runtime.reset();
        run(all);
      }
    } finally {
      runtime.dispose();
    }
  });
});
