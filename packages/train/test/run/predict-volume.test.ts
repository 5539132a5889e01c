import { startBackend } from '@seg/backend';
import { createVolume, Rng, type Triple } from '@seg/core';
import { slidingWindowInference } from '@seg/inference';
import { type Dataset, type DatasetCase, invertGeometry } from '@seg/io';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Preprocessing, predictVolume, preprocessImage } from '../../src/index.ts';
import { CaseLoader } from '../../src/node/index.ts';

beforeAll(() => startBackend({ name: 'cpu' }));

const predictor = {
  apply: (x: tf.Tensor5D) => tf.concat([tf.fill(x.shape, 0.4), tf.sin(tf.mul(x, 5)), tf.mul(x, 0.9)], 4) as tf.Tensor5D,
};
const preprocessing = (spacingMm: Triple): Preprocessing => ({ spacingMm, normalisation: [{ kind: 'zScore' }] });
const planOf = (spacingMm: Triple) => ({
  plan: { preprocessing: preprocessing(spacingMm), patchSize: [6, 6, 6] as const, mirrorAxes: [], overlap: 0.5 },
  predictor,
  labelValues: [4, 9],
});

function volumeOf(shape: Triple, spacingMm: Triple, affine?: readonly number[]) {
  const data = Rng.fromSeed(2).fillNormal(new Float32Array(shape[0] * shape[1] * shape[2]));
  return createVolume(data, shape, { spacingMm, ...(affine === undefined ? {} : { affine }) });
}

describe('predictVolume', () => {
  it.each([
    { spacingMm: [1, 1, 1], planMm: [0.8, 0.7, 1.3], affine: undefined },
    { spacingMm: [4, 1, 1], planMm: [4, 0.6, 0.6], affine: undefined },
    { spacingMm: [2, 1, 1], planMm: [1, 1, 1], affine: [-1, 0, 0, 9, 0, 0, 2, 0, 0, -1, 0, 3, 0, 0, 0, 1] },
  ] as { spacingMm: Triple; planMm: Triple; affine: number[] | undefined }[])(
    'gives the largest of all probabilities brought back at once: $spacingMm to $planMm',
    async ({ spacingMm, planMm, affine }) => {
      const volume = volumeOf([9, 11, 13], spacingMm, affine);
      const run = planOf(planMm);
      const { data, affine: placed } = await predictVolume(run, volume);
      expect(placed).toEqual(volume.affine);

      const { image, record } = preprocessImage(volume, run.plan.preprocessing);
      const options = { patchSize: run.plan.patchSize, overlap: 0.5, mode: 'probabilities' } as const;
      const { scores, classes } = await slidingWindowInference(
        predictor,
        image as { data: Float32Array; shape: Triple },
        options,
      );
      const back = invertGeometry(
        createVolume(scores, image.shape, { channels: classes, affine: image.affine }),
        record,
        {
          kind: 'image',
        },
      ).data;
      const voxels = volume.data.length;
      const expected = volume.data.map((_, i) => {
        let best = 0;
        for (let c = 1; c < classes; c++) if (back[c * voxels + i]! > back[best * voxels + i]!) best = c;
        return [0, 4, 9][best]!;
      });
      expect([...data]).toEqual([...expected]);
      expect(new Set(data).size).toBe(3);
    },
  );

  it.each([
    [[2000, 2000, 2000], /2000 x 2000 x 2000 mm \(z, y, x\).*would be resampled to 8000 x 8000 x 8000/],
    [[1e-3, 1e-3, 1e-3], /0.001 x 0.001 x 0.001 mm \(z, y, x\).*to 1 x 1 x 1/],
    [[150, 1, 1], /resampled to 600 x 4 x 4/],
  ] as [Triple, RegExp][])('refuses a spacing of %s mm for a plan of 1 mm', async (spacingMm, message) => {
    await expect(predictVolume(planOf([1, 1, 1]), volumeOf([4, 4, 4], spacingMm))).rejects.toThrow(message);
  });

  it('takes thick slices and coarse images', async () => {
    const { data } = await predictVolume(planOf([1, 1, 1]), volumeOf([2, 4, 4], [10, 1, 1]));
    expect(data).toHaveLength(32);
  });
});

describe('CaseLoader', () => {
  it('names every case whose spacing cannot be meant, before any is prepared', async () => {
    const spacings = [1, 1, 1000, 1, 1e-3, 1];
    const cases = spacings.map((mm, i): DatasetCase => {
      const image = volumeOf([4, 4, 4], [mm, mm, mm]);
      const label = createVolume(new Uint8Array(64).fill(1, 20, 30), [4, 4, 4], { spacingMm: [mm, mm, mm] });
      return {
        id: `c${i}`,
        patient: `c${i}`,
        imagePaths: [],
        labelPaths: ['label'],
        loadImage: async () => image,
        loadLabel: async () => label,
      } as unknown as DatasetCase;
    });
    const dataset = {
      name: 'd',
      root: '/d',
      channels: ['MR'],
      labels: [{ value: 1, name: 'one' }],
      cases,
    } as unknown as Dataset;
    let prepared = 0;
    const loader = new CaseLoader(dataset, {
      onProgress: (_, __, what) => {
        if (what === 'preparing') prepared++;
      },
    });
    const { cases: measured } = await loader.fingerprint(cases);
    expect(measured).toHaveLength(6);
    await expect(loader.prepare(cases, preprocessing([1, 1, 1]))).rejects.toThrow(
      /case c2: spacing 1000 x 1000 x 1000 mm.*resampled to 4000 x 4000 x 4000; case c4: spacing 0.001/,
    );
    expect(prepared).toBe(0);
    // Cases that were not measured are refused when their turn comes.
    await expect(new CaseLoader(dataset).prepare([cases[2]!], preprocessing([1, 1, 1]))).rejects.toThrow(/^case c2: /);
  });
});
