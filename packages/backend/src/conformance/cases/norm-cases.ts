import { Rng } from '@seg/core';
import { batchNorm, dropout, groupNorm, instanceNorm, leakyRelu, prelu } from '@seg/ops';
import type { Tensor5D } from '@tensorflow/tfjs-core';
import { caseList } from '../conformance-case.ts';
import { normalisation } from '../reference/normalisation.ts';
import { map, positiveValues, randomValues, sizeOf, type Values } from '../values.ts';

const epsilon = 1e-5;
const shapes = [
  [2, 3, 4, 3, 4],
  [1, 5, 3, 2, 6],
  [3, 1, 4, 5, 2],
] as const;

/** x with channels far from zero, where one-pass formulas for the variance lose their digits. */
function shifted(shape: readonly number[], seed: number): Values {
  const x = randomValues(shape, seed);
  return map(x, (v, i) => Math.fround(v + 8 * (i % 3)));
}

/** Norms, activations and dropout of @seg/ops. */
export function normCases() {
  const { cases, add } = caseList('ops');
  for (const shape of shapes) {
    const channels = shape[4];
    const voxels = sizeOf(shape.slice(1));
    const inputs = [shifted(shape, 21), randomValues([channels], 22), randomValues([channels], 23)];
    const name = `[${shape.join(', ')}]`;
    const groupKey = (groups: number) => (i: number) =>
      Math.floor(i / voxels) * groups + Math.floor(((i % channels) * groups) / channels);
    for (const slope of [1, 0.01, 0]) {
      const after = { 1: '', 0: ' + ReLU', 0.01: ' + leaky ReLU' }[slope];
      add(
        'instanceNorm',
        name + after,
        inputs,
        (x, scale, offset) => instanceNorm(x as Tensor5D, scale!, offset!, { epsilon, negativeSlope: slope }),
        (x, scale, offset) => normalisation(x!, scale!, offset!, groupKey(channels), epsilon, slope),
      );
    }
    add(
      'groupNorm',
      `${name}, 2 groups + leaky ReLU`,
      inputs,
      (x, scale, offset) => groupNorm(x as Tensor5D, scale!, offset!, { groups: 2, epsilon, negativeSlope: 0.01 }),
      (x, scale, offset) => normalisation(x!, scale!, offset!, groupKey(2), epsilon, 0.01),
    );
    add(
      'batchNorm',
      `${name}, training`,
      inputs,
      (x, scale, offset) => batchNorm(x as Tensor5D, scale!, offset!, { training: true, epsilon, negativeSlope: 0.01 }),
      (x, scale, offset) => normalisation(x!, scale!, offset!, (i) => i % channels, epsilon, 0.01),
    );
  }
  add(
    'batchNorm',
    'running statistics',
    [...[24, 25, 26, 27].map((seed, i) => randomValues(i === 0 ? shapes[0] : [4], seed)), positiveValues([4], 28)],
    (x, scale, offset, runningMean, runningVariance) =>
      batchNorm(x as Tensor5D, scale!, offset!, {
        training: false,
        runningMean: runningMean!,
        runningVariance: runningVariance!,
      }),
    (x, scale, offset, mean, variance) =>
      map(x!, (v, i) => {
        const c = i % 4;
        const normal = (v - mean!.data[c]!) / Math.sqrt(variance!.data[c]! + epsilon);
        return normal * scale!.data[c]! + offset!.data[c]!;
      }),
    [0, 1, 2],
  );
  const x = randomValues([2, 3, 2, 3, 4], 29);
  for (const slope of [0.01, 0]) {
    add(
      'leakyRelu',
      `slope ${slope}`,
      [x],
      (t) => leakyRelu(t!, slope),
      (t) => map(t!, (v) => (v > 0 ? v : slope * v)),
    );
  }
  add(
    'prelu',
    'one slope a channel',
    [x, randomValues([4], 30)],
    (t, slope) => prelu(t as Tensor5D, slope!),
    (t, slope) => map(t!, (v, i) => (v > 0 ? v : slope!.data[i % 4]! * v)),
  );
  add(
    'dropout',
    'rate 0.4',
    [x],
    (t) => dropout(t!, 0.4, Rng.fromSeed(31)),
    (t) => {
      const rng = Rng.fromSeed(31);
      return map(t!, (v) => (rng.uint32() < 0.4 * 2 ** 32 ? 0 : v / 0.6));
    },
  );
  return cases;
}
