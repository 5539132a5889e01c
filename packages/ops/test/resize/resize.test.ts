import { resizeTrilinear, upsampleNearest } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';
import { checkOp, randomValues, type Values } from '../support/gradients.ts';

/** Eight-corner interpolation at half-pixel centres, edges clamped, voxel by voxel. */
function trilinearReference(x: Values, size: readonly number[]): Values {
  const [n, D, H, W, C] = x.shape as [number, number, number, number, number];
  const data: number[] = [];
  const at = (i: number, from: number, to: number) => {
    const p = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(p);
    return [[low, 1 - (p - low)], [Math.min(low + 1, from - 1), p - low]] as const; // biome-ignore format: pairs
  };
  for (let b = 0; b < n; b++)
    for (let i = 0; i < size[0]!; i++)
      for (let j = 0; j < size[1]!; j++)
        for (let k = 0; k < size[2]!; k++)
          for (let c = 0; c < C; c++) {
            let sum = 0;
            for (const [z, wz] of at(i, D, size[0]!))
              for (const [y, wy] of at(j, H, size[1]!))
                for (const [w, ww] of at(k, W, size[2]!))
                  sum += wz * wy * ww * x.data[(((b * D + z) * H + y) * W + w) * C + c]!;
            data.push(sum);
          }
  return { shape: [n, ...size, C], data: Float64Array.from(data) };
}

describeBackends('resize', () => {
  it.each([
    { from: [2, 2, 3, 4, 2], to: [4, 6, 8] as const },
    { from: [1, 5, 4, 3, 1], to: [3, 2, 7] as const },
    { from: [2, 1, 3, 3, 2], to: [1, 6, 5] as const },
    { from: [1, 3, 3, 3, 3], to: [3, 3, 3] as const },
  ])('resizeTrilinear from $from to $to: forward and gradient match float64 loops', ({ from, to }) => {
    checkOp({
      inputs: [randomValues(from, 1)],
      op: (x) => resizeTrilinear(x as tf.Tensor5D, to),
      reference: (x) => trilinearReference(x!, to),
    });
  });

  it('resizeTrilinear equals PyTorch on a line', () => {
    // torch.nn.functional.interpolate(torch.arange(4.)[None, None], 6, mode='linear', align_corners=False)
    const y = tf.tidy(() =>
      resizeTrilinear(tf.reshape(tf.range(0, 4), [1, 1, 1, 4, 1]) as tf.Tensor5D, [1, 1, 6]).dataSync(),
    );
    const expected = [0, 0.5, 7 / 6, 11 / 6, 2.5, 3];
    for (const [i, v] of expected.entries()) expect(y[i]).toBeCloseTo(v, 5);
  });

  it('upsampleNearest repeats voxels, forward and gradient', () => {
    const factors = [2, 1, 3] as const;
    checkOp({
      inputs: [randomValues([2, 2, 3, 2, 2], 1)],
      op: (x) => upsampleNearest(x as tf.Tensor5D, factors),
      reference: (x) => {
        const [n, D, H, W, C] = x!.shape as [number, number, number, number, number];
        const shape = [n, D * 2, H, W * 3, C];
        const data: number[] = [];
        for (let b = 0; b < n; b++)
          for (let z = 0; z < D * 2; z++)
            for (let y = 0; y < H; y++)
              for (let w = 0; w < W * 3; w++)
                for (let c = 0; c < C; c++)
                  data.push(x!.data[(((b * D + (z >> 1)) * H + y) * W + Math.floor(w / 3)) * C + c]!);
        return { shape, data: Float64Array.from(data) };
      },
    });
  });

  it('refuses sizes that are none', () => {
    tf.tidy(() => {
      const x = tf.zeros([1, 2, 2, 2, 1]) as tf.Tensor5D;
      expect(() => resizeTrilinear(x, [0, 2, 2])).toThrow(/size/);
      expect(() => resizeTrilinear(tf.zeros([2, 2]) as never, [1, 1, 1])).toThrow(/\[N, D, H, W, C\]/);
      expect(() => upsampleNearest(x, 1.5)).toThrow(/factors/);
    });
  });
});
