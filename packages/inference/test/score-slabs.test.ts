import { startBackend } from '@seg/backend';
import { Rng, type Triple } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type PatchPredictor, type ScoreSlab, slidingWindowInference, streamScores } from '../src/index.ts';

beforeAll(() => startBackend({ name: 'cpu' }));

const predictor: PatchPredictor = {
  apply: (x) => tf.concat([x, tf.mul(x, -0.5), tf.square(x)], 4) as tf.Tensor5D,
};

describe('streamScores', () => {
  it.each([
    { shape: [11, 6, 7], patchSize: [4, 6, 4], mirrorAxes: [] },
    { shape: [3, 12, 5], patchSize: [6, 4, 4], mirrorAxes: [1] },
    { shape: [3, 3, 3], patchSize: [4, 6, 8], mirrorAxes: [0, 2] },
    { shape: [5, 4, 15], patchSize: [8, 8, 4], mirrorAxes: [2] },
  ] as { shape: Triple; patchSize: Triple; mirrorAxes: number[] }[])(
    'hands out the scores of mode "probabilities": $shape in $patchSize',
    async ({ shape, patchSize, mirrorAxes }) => {
      const voxels = shape[0] * shape[1] * shape[2];
      const image = { shape, data: Rng.fromSeed(4).fillNormal(new Float32Array(voxels)) };
      const options = { patchSize, mirrorAxes };
      const { scores } = await slidingWindowInference(predictor, image, { ...options, mode: 'probabilities' });
      const slabs: ScoreSlab[] = [];
      const before = tf.memory().numTensors;
      expect(await streamScores(predictor, image, options, (slab) => slabs.push(slab))).toEqual({ shape, classes: 3 });
      expect(tf.memory().numTensors).toBe(before);
      const axis = slabs[0]!.axis;
      let next = 0;
      for (const slab of slabs) {
        expect(slab).toMatchObject({ axis, start: next, classes: 3 });
        next += slab.shape[axis];
        for (let i = 0; i < slab.scores.length; i++) {
          const [c, z, y, x] = placesOf(i, slab.shape);
          const place = [z, y, x];
          place[axis]! += slab.start;
          const at = ((c * shape[0] + place[0]!) * shape[1] + place[1]!) * shape[2] + place[2]!;
          expect(slab.scores[i]).toBe(scores[at]);
        }
      }
      expect(next).toBe(shape[axis]);
    },
  );

  it('hands out slabs of few planes long before the last window', async () => {
    const image = { shape: [64, 4, 4] as const, data: new Float32Array(1024) };
    const seen: number[] = [];
    let done = 0;
    const options = {
      patchSize: [4, 4, 4] as const,
      overlap: 0,
      onProgress: (progress: { readonly done: number }) => {
        done = progress.done;
      },
    };
    await streamScores(predictor, image, options, ({ shape }) => seen.push(done * 100 + shape[0]));
    // After each of the 16 windows but the first, the planes of the window before.
    expect(seen).toEqual(Array.from({ length: 16 }, (_, i) => (i + 1) * 100 + 4));
  });
});

function placesOf(i: number, [depth, height, width]: Triple): [number, number, number, number] {
  const x = i % width;
  const y = Math.floor(i / width) % height;
  const z = Math.floor(i / (width * height)) % depth;
  return [Math.floor(i / (width * height * depth)), z, y, x];
}
