import { startBackend } from '@seg/backend';
import { createVolume, Rng, type Triple } from '@seg/core';
import type { PatchPredictor } from '@seg/inference';
import { invertGeometry } from '@seg/io';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type EnsembleMember, predictEnsemble, predictVolume, preprocessImage } from '../../src/index.ts';

beforeAll(() => startBackend({ name: 'cpu' }));

const PATCH: Triple = [6, 6, 6];

/** Three classes whose scores depend on the image, `slope` and, in a draw, one random number. */
function predictorOf(slope: number): PatchPredictor {
  const scores = (x: tf.Tensor5D, shift: number) =>
    tf.concat([tf.fill(x.shape, 0.4), tf.sin(tf.mul(x, slope)), tf.add(tf.mul(x, 0.9), shift)], 4) as tf.Tensor5D;
  return {
    apply: (x) => scores(x, 0),
    sample(rng) {
      const shift = rng.normal();
      return { apply: (x) => scores(x, shift) };
    },
  };
}

function runOf(spacingMm: Triple, slope: number, patchSize: Triple = PATCH): EnsembleMember {
  const preprocessing = { spacingMm, normalisation: [{ kind: 'zScore' as const }] };
  return {
    plan: { preprocessing, patchSize, mirrorAxes: [], overlap: 0.5 },
    predictor: predictorOf(slope),
    labelValues: [4, 9],
  };
}

// Turned and anisotropic, so that bringing back both reorients and resamples.
const shape: Triple = [9, 11, 13];
const data = Rng.fromSeed(2).fillNormal(new Float32Array(9 * 11 * 13));
const volume = createVolume(data, shape, { affine: [-1, 0, 0, 9, 0, 0, 2, 0, 0, -1, 0, 3, 0, 0, 0, 1] });
const voxels = data.length;

/** Probabilities of one prediction on the image's own grid, without windows: scores are pointwise. */
function expectedOf(run: EnsembleMember, shift: number, slope: number): Float64Array {
  const { image, record } = preprocessImage(volume, run.plan.preprocessing);
  const n = image.data.length;
  const p = new Float32Array(3 * n);
  for (let i = 0; i < n; i++) {
    const exp = [0.4, Math.sin(image.data[i]! * slope), image.data[i]! * 0.9 + shift].map(Math.exp);
    for (let c = 0; c < 3; c++) p[c * n + i] = exp[c]! / exp.reduce((a, b) => a + b);
  }
  const placed = createVolume(p, image.shape, { channels: 3, affine: image.affine });
  return Float64Array.from(invertGeometry(placed, record, { kind: 'image' }).data);
}

function entropyOf(p: Float64Array, v: number): number {
  return [0, 1, 2].reduce((sum, c) => sum - p[c * voxels + v]! * Math.log(p[c * voxels + v]!), 0);
}

describe('predictEnsemble', () => {
  it('averages runs of different preprocessing and their draws on the image own grid', async () => {
    const runs = [runOf([0.8, 0.7, 1.3], 5), runOf([2, 1, 1], 3, [4, 6, 8])];
    const rng = Rng.fromSeed(3);
    const before = tf.memory().numTensors;
    const options = { samples: 2, rng, probabilities: true, uncertainty: ['entropy', 'mutualInformation', 'variance'] };
    const result = await predictEnsemble(runs, volume, options as Parameters<typeof predictEnsemble>[2]);
    expect(tf.memory().numTensors).toBe(before);
    expect(result.samples).toBe(4);
    const drawn = runs.flatMap((run, r) =>
      [0, 1].map((t) => expectedOf(run, rng.fork(r).fork(0).fork(t).normal(), r === 0 ? 5 : 3)),
    );
    const mean = Float64Array.from(drawn[0]!, (_, i) => drawn.reduce((sum, p) => sum + p[i]! / 4, 0));
    const { entropy, mutualInformation, variance } = result.uncertainty;
    for (const map of [entropy!, mutualInformation!, variance!, result.probabilities!]) {
      expect(map.shape).toEqual(shape);
      expect(map.affine).toEqual(volume.affine);
    }
    for (let v = 0; v < voxels; v++) {
      const h = entropyOf(mean, v);
      const within = drawn.reduce((sum, p) => sum + entropyOf(p, v) / 4, 0);
      expect(entropy!.data[v]).toBeCloseTo(h, 5);
      expect(mutualInformation!.data[v]).toBeCloseTo(h - within, 5);
      let spread = 0;
      for (let c = 0; c < 3; c++) {
        const i = c * voxels + v;
        expect(result.probabilities!.data[i]).toBeCloseTo(mean[i]!, 5);
        for (const p of drawn) spread += (p[i]! - mean[i]!) ** 2 / 12;
      }
      expect(variance!.data[v]).toBeCloseTo(spread, 5);
    }
  });

  it('brings maps of runs with one plan back, in order: entropy >= mutual information >= 0', async () => {
    const runs = [runOf([0.8, 0.7, 1.3], 5), runOf([0.8, 0.7, 1.3], 2)];
    const all = { samples: 3, rng: Rng.fromSeed(1), uncertainty: ['entropy', 'mutualInformation'] } as const;
    const { uncertainty, labels } = await predictEnsemble(runs, volume, { ...all, probabilities: true });
    const [h, mi] = [uncertainty.entropy!.data, uncertainty.mutualInformation!.data];
    for (let v = 0; v < voxels; v++) {
      expect(mi[v]).toBeGreaterThanOrEqual(0);
      expect(h[v]).toBeGreaterThanOrEqual(mi[v]!);
    }
    expect(Math.max(...mi)).toBeGreaterThan(0.01);
    expect(new Set(labels.data)).toEqual(new Set([0, 4, 9]));
    // The same prediction several times has nothing to disagree about, resampled or not.
    const same = await predictEnsemble([runs[0]!, runs[0]!], volume, { uncertainty: ['mutualInformation'] });
    expect(Math.max(...same.uncertainty.mutualInformation!.data)).toBeLessThan(1e-9);
  });

  it('gives the label map of predictVolume, whether sums of the whole volume are kept or not', async () => {
    for (const spacing of [[0.8, 0.7, 1.3], volume.spacingMm] as Triple[]) {
      const run = runOf(spacing, 5);
      const { data: alone } = await predictVolume(run, volume);
      for (const uncertainty of [[], ['entropy']] as const) {
        const { labels } = await predictEnsemble([run], volume, { uncertainty });
        expect(labels.data).toEqual(alone);
        expect(labels.affine).toEqual(volume.affine);
      }
    }
  });

  it('refuses no run, other labels, samples of what is not random and disagreement of one prediction', async () => {
    const run = runOf([1, 1, 1], 5);
    await expect(predictEnsemble([], volume)).rejects.toThrow(/must be a run/);
    await expect(predictEnsemble([run, { ...run, labelValues: [9, 4] }], volume)).rejects.toThrow(/run 2 has other/);
    const { sample: _, ...plain } = run.predictor;
    const fixed = { ...run, predictor: plain };
    await expect(predictEnsemble([run, fixed], volume, { samples: 2, rng: Rng.fromSeed(1) })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/run 2 of 2 is not random/),
    });
    await expect(predictEnsemble([run], volume, { uncertainty: ['variance'] })).rejects.toThrow(/only one/);
  });
});
