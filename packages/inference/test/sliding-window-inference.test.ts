import { startBackend } from '@seg/backend';
import { type Network, Rng, type Triple } from '@seg/core';
import { conv3d } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { networkPredictor, type PatchPredictor, slidingWindowInference, windowStarts } from '../src/index.ts';

/** Sums of float32 products against float64 loops. */
const TOLERANCE = 2e-6;

function randomImage(shape: Triple, channels = 1, seed = 1) {
  const data = Rng.fromSeed(seed).fillNormal(new Float32Array(channels * shape[0] * shape[1] * shape[2]));
  return { data, shape, channels };
}

/** Scores that depend on where in the window a voxel lies, so that a wrong weight or place shows. */
function placePredictor(patchSize: Triple, classes: number, seed = 3): PatchPredictor {
  const size = patchSize[0] * patchSize[1] * patchSize[2] * classes;
  const place = Rng.fromSeed(seed).fillUniform(new Float32Array(size), 0.1, 1);
  return {
    output: 'probabilities',
    apply(x) {
      const factor = tf.tensor5d(place, [1, ...patchSize, classes]);
      const first = tf.slice(x, [0, 0, 0, 0, 0], [-1, -1, -1, -1, 1]);
      return tf.mul(tf.add(tf.abs(first), 0.2), factor);
    },
  };
}

/** The same by loops over the whole volume in float64: every window, every mirroring, full sums and weights. */
function reference(
  image: ReturnType<typeof randomImage>,
  patchSize: Triple,
  classes: number,
  options: { readonly overlap: number; readonly gaussian: boolean; readonly mirrorAxes: readonly number[] },
): Float64Array {
  const place = Rng.fromSeed(3).fillUniform(
    new Float32Array(patchSize[0] * patchSize[1] * patchSize[2] * classes),
    0.1,
    1,
  );
  const [depth, height, width] = image.shape;
  const [pd, ph, pw] = patchSize;
  const sums = new Float64Array(depth * height * width * classes);
  const weights = new Float64Array(depth * height * width);
  const padding = image.shape.map((n, i) => Math.floor((Math.max(n, patchSize[i]!) - n) / 2));
  const starts = image.shape.map((n, i) => windowStarts(Math.max(n, patchSize[i]!), patchSize[i]!, options.overlap));
  const bell = (i: number, n: number) => Math.exp(-0.5 * ((i - Math.floor(n / 2)) / (n / 8)) ** 2);
  for (const z0 of starts[0]!)
    for (const y0 of starts[1]!)
      for (const x0 of starts[2]!)
        for (let bits = 0; bits < 8; bits++) {
          const flips = [0, 1, 2].map((axis) => ((bits >> axis) & 1) === 1);
          if (flips.some((flip, axis) => flip && !options.mirrorAxes.includes(axis))) continue;
          for (let z = 0; z < pd; z++)
            for (let y = 0; y < ph; y++)
              for (let x = 0; x < pw; x++) {
                const [iz, iy, ix] = [z0 + z - padding[0]!, y0 + y - padding[1]!, x0 + x - padding[2]!];
                if (iz < 0 || iy < 0 || ix < 0 || iz >= depth || iy >= height || ix >= width) continue;
                const voxel = (iz * height + iy) * width + ix;
                const weight = options.gaussian ? bell(z, pd) * bell(y, ph) * bell(x, pw) : 1;
                const [fz, fy, fx] = [flips[0] ? pd - 1 - z : z, flips[1] ? ph - 1 - y : y, flips[2] ? pw - 1 - x : x];
                weights[voxel]! += weight;
                for (let c = 0; c < classes; c++) {
                  const score = (Math.abs(image.data[voxel]!) + 0.2) * place[((fz * ph + fy) * pw + fx) * classes + c]!;
                  sums[voxel * classes + c]! += weight * score;
                }
              }
        }
  const voxels = weights.length;
  return Float64Array.from({ length: voxels * classes }, (_, i) => {
    const voxel = i % voxels;
    return sums[voxel * classes + Math.floor(i / voxels)]! / weights[voxel]!;
  });
}

function worstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  return worst;
}

describe.each(['cpu', 'wasm'] as const)('slidingWindowInference on %s', (name) => {
  beforeAll(async () => {
    await startBackend({ name });
  });

  it.each([
    [[9, 11, 10], [4, 5, 6], 0.5, true, [0, 1, 2]],
    [[9, 11, 10], [4, 11, 6], 0.25, false, [2]],
    [[5, 17, 6], [8, 6, 6], 0.5, true, []],
    [[3, 4, 19], [1, 4, 6], 0.5, true, [1]],
  ] as [Triple, Triple, number, boolean, number[]][])(
    'equals full sums in float64: volume %j, window %j',
    async (shape, patchSize, overlap, gaussian, mirrorAxes) => {
      const image = randomImage(shape, 2);
      const expected = reference(image, patchSize, 3, { overlap, gaussian, mirrorAxes });
      const { scores } = await slidingWindowInference(placePredictor(patchSize, 3), image, {
        patchSize,
        overlap,
        mirrorAxes,
        importance: gaussian ? 'gaussian' : 'constant',
        mode: 'probabilities',
        batchSize: 3,
      });
      expect(worstDifference(scores, expected)).toBeLessThan(TOLERANCE);
    },
  );

  it('adds ones to one everywhere', async () => {
    const ones: PatchPredictor = { output: 'probabilities', apply: (x) => tf.onesLike(x) };
    const { scores } = await slidingWindowInference(ones, randomImage([20, 13, 31]), {
      patchSize: [8, 8, 8],
      mode: 'probabilities',
    });
    expect(worstDifference(scores, new Float32Array(scores.length).fill(1))).toBeLessThan(TOLERANCE);
  });

  it('equals the direct prediction when one window holds the volume', async () => {
    const image = randomImage([5, 6, 7], 2);
    const kernel = tf.tensor5d(Rng.fromSeed(8).fillNormal(new Float32Array(27 * 2 * 3)), [3, 3, 3, 2, 3]);
    const predictor: PatchPredictor = { apply: (x) => conv3d(x, kernel) };
    const direct = tf.tidy(() => {
      const x = tf.transpose(tf.tensor4d(image.data, [2, 5, 6, 7]), [1, 2, 3, 0]);
      return conv3d(tf.expandDims(x, 0) as tf.Tensor5D, kernel);
    });
    const result = await slidingWindowInference(predictor, image, { patchSize: [5, 6, 7], mode: 'logits' });
    const channelsFirst = tf.tidy(() => tf.transpose(tf.reshape(direct, [210, 3])));
    expect(worstDifference(result.scores, await channelsFirst.data())).toBeLessThan(1e-5);
    tf.dispose([direct, channelsFirst, kernel]);
  });

  it('does not change an equivariant network by mirroring', async () => {
    const image = randomImage([7, 9, 8]);
    // A kernel that is symmetric in every axis commutes with mirroring.
    const half = [0.3, 1, 0.3];
    const values = half.flatMap((a) => half.flatMap((b) => half.flatMap((c) => [a * b * c, 0.5 - a * b * c])));
    const kernel = tf.tensor5d(values, [3, 3, 3, 1, 2]);
    const predictor: PatchPredictor = { apply: (x) => conv3d(x, kernel) };
    const options = { patchSize: [8, 8, 8], mode: 'probabilities' } as const;
    const plain = await slidingWindowInference(predictor, image, options);
    const mirrored = await slidingWindowInference(predictor, image, { ...options, mirrorAxes: [0, 2], batchSize: 4 });
    expect(worstDifference(mirrored.scores, plain.scores)).toBeLessThan(1e-5);
    kernel.dispose();
  });

  it('labels as the full average would, whichever axis is rolling', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })),
        fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })),
        fc.integer({ min: 1, max: 5 }),
        async (shape, patchSize, batchSize) => {
          const image = randomImage(shape);
          const predictor = placePredictor(patchSize, 3);
          const { labels } = await slidingWindowInference(predictor, image, { patchSize, batchSize });
          const { scores } = await slidingWindowInference(predictor, image, { patchSize, mode: 'probabilities' });
          const voxels = labels.length;
          for (let i = 0; i < voxels; i++) {
            for (let c = 0; c < 3; c++) {
              expect(scores[c * voxels + i]!).toBeLessThanOrEqual(scores[labels[i]! * voxels + i]! + TOLERANCE);
            }
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('pads small volumes on both sides, the odd voxel at the end', async () => {
    const seen: number[][] = [];
    const spy: PatchPredictor = {
      output: 'probabilities',
      apply(x) {
        seen.push([...x.dataSync()]);
        return tf.clone(x);
      },
    };
    const image = { data: Float32Array.of(1, 2, 3), shape: [1, 1, 3] as Triple };
    const result = await slidingWindowInference(spy, image, {
      patchSize: [1, 1, 6],
      padValue: -1,
      mode: 'probabilities',
    });
    expect(seen).toEqual([[-1, 1, 2, 3, -1, -1]]);
    expect([...result.scores]).toEqual([1, 2, 3]);
  });

  it('visits each slice once in 2-D', async () => {
    let calls = 0;
    const predictor: PatchPredictor = {
      apply(x) {
        calls++;
        return tf.concat([x, tf.neg(x)], 4) as tf.Tensor5D;
      },
    };
    const { labels } = await slidingWindowInference(predictor, randomImage([6, 4, 4]), { patchSize: [1, 4, 4] });
    expect(calls).toBe(6);
    expect([...labels]).toEqual([...randomImage([6, 4, 4]).data].map((v) => (v >= 0 ? 0 : 1)));
  });

  it('averages the members of an ensemble as probabilities or as logits', async () => {
    const image = { data: Float32Array.of(1), shape: [1, 1, 1] as Triple };
    const member = (a: number): PatchPredictor => ({
      apply: (x) => tf.concat([tf.mul(x, a), tf.zerosLike(x)], 4) as tf.Tensor5D,
    });
    const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
    const options = { patchSize: [1, 1, 1], mode: 'probabilities' } as const;
    const members = [member(0), member(4)];
    const probabilities = await slidingWindowInference(members, image, options);
    expect(probabilities.scores[0]).toBeCloseTo((0.5 + sigmoid(4)) / 2, 5);
    const logits = await slidingWindowInference(members, image, { ...options, average: 'logits' });
    expect(logits.scores[0]).toBeCloseTo(sigmoid(2), 5);
    const raw = await slidingWindowInference(members, image, { ...options, mode: 'logits' });
    expect([...raw.scores]).toEqual([2, 0]);
  });

  it('paints regions in order where their probability exceeds one half', async () => {
    const image = { data: Float32Array.of(-1, 1, 3, 5), shape: [1, 2, 2] as Triple };
    const regions: PatchPredictor = {
      activation: 'sigmoid',
      apply: (x) => tf.concat([x, tf.sub(x, 2), tf.sub(x, 4)], 4) as tf.Tensor5D,
    };
    for (const average of ['probabilities', 'logits'] as const) {
      const plain = await slidingWindowInference(regions, image, { patchSize: [1, 2, 2], average });
      expect([...plain.labels]).toEqual([0, 1, 2, 3]);
      const options = { patchSize: [1, 1, 2] as Triple, regionLabels: [2, 1, 4], average };
      expect([...(await slidingWindowInference(regions, image, options)).labels]).toEqual([0, 2, 1, 4]);
    }
    await expect(slidingWindowInference(regions, image, { patchSize: [1, 2, 2], regionLabels: [1] })).rejects.toThrow(
      /one label for each region/,
    );
  });

  it('takes tensors and networks, and leaves nothing behind', async () => {
    const network: Network<readonly tf.Tensor5D[]> = {
      paramSpecs: {},
      bufferSpecs: {},
      init: (rng) => ({ kernel: tf.tensor5d(rng.fillNormal(new Float32Array(54)), [3, 3, 3, 1, 2]) }),
      apply: (params, x) => [conv3d(x, params.kernel as tf.Tensor5D), x],
    };
    const params = network.init(Rng.fromSeed(1));
    const image = randomImage([6, 7, 8]);
    const tensor = tf.tensor(image.data, [1, 6, 7, 8, 1]);
    const before = tf.memory().numTensors;
    const options = { patchSize: [4, 4, 4] as Triple, mirrorAxes: [0] };
    const fromTensor = await slidingWindowInference(networkPredictor(network, params), tensor, options);
    const fromArray = await slidingWindowInference(networkPredictor(network, params), image, options);
    expect(fromTensor.labels).toEqual(fromArray.labels);
    expect(new Set(fromArray.labels).size).toBe(2);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([tensor, params.kernel!]);
  });

  it('reports progress and stops when aborted', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const before = tf.memory().numTensors;
    const run = slidingWindowInference(placePredictor([4, 4, 4], 2), randomImage([8, 8, 8]), {
      patchSize: [4, 4, 4],
      batchSize: 2,
      signal: controller.signal,
      onProgress({ done, total }) {
        seen.push(done / total);
        if (done >= 4) controller.abort();
      },
    });
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    expect(seen).toEqual([2 / 27, 4 / 27]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses what it cannot do, saying why', async () => {
    const image = randomImage([4, 4, 4]);
    const identity: PatchPredictor = { apply: (x) => tf.clone(x) };
    const run = (predictor: PatchPredictor | PatchPredictor[], options: object) =>
      slidingWindowInference(predictor, image, { patchSize: [4, 4, 4], ...options });
    await expect(run(identity, { mode: 'argmx' })).rejects.toThrow(/Did you mean "argmax"/);
    await expect(run(identity, { importance: 'gauss' })).rejects.toThrow(/unknown importance/);
    await expect(run(identity, { patchSize: [4, 4] })).rejects.toThrow(/three positive integers/);
    await expect(run(identity, { overlap: 1 })).rejects.toThrow(/overlap/);
    await expect(run(identity, { batchSize: 0 })).rejects.toThrow(/batchSize/);
    await expect(run(identity, { mirrorAxes: [0, 0] })).rejects.toThrow(/mirrorAxes/);
    await expect(run(identity, { mode: 'logits', average: 'probabilities' })).rejects.toThrow(/needs average/);
    await expect(run([], {})).rejects.toThrow(/at least one member/);
    await expect(run({ ...identity, output: 'probabilities' }, { mode: 'logits' })).rejects.toThrow(/as logits/);
    await expect(run([identity, placePredictor([4, 4, 4], 2)], {})).rejects.toThrow(/number of classes/);
    await expect(run({ apply: (x) => tf.slice(x, [0, 1, 0, 0, 0]) as tf.Tensor5D }, {})).rejects.toThrow(/every voxel/);
    await expect(run({ apply: (x) => tf.div(x, 0) as tf.Tensor5D }, {})).rejects.toThrow(/not finite/);
    const short = { data: new Float32Array(3), shape: [4, 4, 4] as Triple };
    await expect(slidingWindowInference(identity, short, { patchSize: [4, 4, 4] })).rejects.toThrow(/does not fill/);
  });
});
