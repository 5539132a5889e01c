// Norms, pooling, resizing, the fused loss and sums of random shapes on webgpu against float64 loops and their central
// differences, on volumes that several invocations share; prints JSON. A process of its own, as fuzz.ts.
// node --conditions=@seg/source test/webgpu/fuzz-ops.ts [rounds] [seed]
import { Rng } from '@seg/core';
import { diceCrossEntropy, globalNorm, groupNorm, maxPool3d, resizeTrilinear } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type ConformanceResult, checkCase } from '../../src/conformance/check-case.ts';
import { type AddCase, caseList } from '../../src/conformance/conformance-case.ts';
import { noPads, pooling, samePads, type Triple } from '../../src/conformance/reference/convolution.ts';
import { diceCrossEntropy as lossReference } from '../../src/conformance/reference/loss.ts';
import { normalisation } from '../../src/conformance/reference/normalisation.ts';
import { trilinear } from '../../src/conformance/reference/resizing.ts';
import { distinctValues, map, randomValues, sizeOf, wholeValues } from '../../src/conformance/values.ts';
import { startBackend } from '../../src/index.ts';

const [rounds = '4', seed = '1'] = process.argv.slice(2);

type Integer = (low: number, high: number) => number;
const triple = (f: () => number): Triple => [f(), f(), f()];

/** Enough positions for several parts, far from zero in some channels, where sums of squares lose their digits. */
function addNorm(add: AddCase, integer: Integer): void {
  const groups = integer(1, 3);
  const channels = groups * integer(1, 3);
  const shape = [integer(1, 2), ...triple(() => integer(5, 8)), channels];
  const voxels = sizeOf(shape.slice(1));
  const group = (i: number) => Math.floor(i / voxels) * groups + Math.floor(((i % channels) * groups) / channels);
  const x = map(randomValues(shape, integer(1, 99)), (v, i) => Math.fround(v + 100 * (i % 3)));
  const vectors = [1, 2].map(() => randomValues([channels], integer(1, 99)));
  add(
    'groupNorm',
    `${shape}, ${groups} groups`,
    [x, ...vectors],
    (x, scale, offset) => groupNorm(x as tf.Tensor5D, scale!, offset!, { groups, negativeSlope: 0.01 }),
    (x, scale, offset) => normalisation(x!, scale!, offset!, group, 1e-5, 0.01),
  );
}

function addPool(add: AddCase, integer: Integer): void {
  const [size, strides] = [triple(() => integer(1, 3)), triple(() => integer(1, 3))];
  const shape = [integer(1, 2), ...triple(() => integer(3, 6)), integer(1, 5)];
  const padding = integer(0, 1) === 1 ? 'same' : 'valid';
  const pads = padding === 'same' ? samePads(shape.slice(1, 4), size, strides) : noPads;
  const taps = { strides, dilations: [1, 1, 1] as const, pads };
  add(
    'maxPool3d',
    `${shape}, ${size}, stride ${strides}, ${padding}`,
    [distinctValues(shape, integer(1, 99))],
    (x) => maxPool3d(x as tf.Tensor5D, { size, strides, padding }),
    (x) => pooling(x!, 'max', size, taps),
  );
  // Where several are equal, the first of a window has the gradient: nudging the later ones down changes nothing else.
  const tied = wholeValues(shape, 3, integer(1, 99));
  const nudged = map(tied, (v, i) => Math.fround(v - i * 2 ** -16));
  add(
    'maxPool3d gradient',
    `${shape}, ${size}, stride ${strides}, ${padding}, ties`,
    [nudged],
    (x) =>
      tf.tidy(() => {
        const gradient = (of: tf.Tensor) =>
          tf.grad((v: tf.Tensor) => maxPool3d(v as tf.Tensor5D, { size, strides, padding }))(of);
        const alike = gradient(tf.tensor(Float32Array.from(tied.data), shape));
        return tf.sub(gradient(x!), alike);
      }),
    (x) => map(x!, () => 0),
    [],
  );
}

function addResize(add: AddCase, integer: Integer): void {
  const shape = [integer(1, 2), ...triple(() => integer(1, 7)), integer(1, 5)];
  const size = triple(() => integer(1, 9));
  add(
    'resizeTrilinear',
    `${shape} to ${size}`,
    [randomValues(shape, integer(1, 99))],
    (x) => resizeTrilinear(x as tf.Tensor5D, size),
    (x) => trilinear(x!, size),
  );
}

function addLoss(add: AddCase, integer: Integer): void {
  const classes = integer(2, 6);
  const size = [integer(1, 3), ...triple(() => integer(4, 6))];
  const labels = wholeValues(size, classes, integer(1, 99));
  const settings = {
    smooth: 1e-5,
    includeBackground: integer(0, 1) === 1,
    batchDice: integer(0, 1) === 1,
    ignoreLabel: integer(-1, classes - 1),
  };
  const target = () => tf.tensor(Int32Array.from(labels.data), size, 'int32');
  add(
    'diceCrossEntropy',
    `${size}, ${classes} classes, ${JSON.stringify(settings)}`,
    [randomValues([...size, classes], integer(1, 99))],
    (logits) => tf.tidy(() => diceCrossEntropy(logits as tf.Tensor5D, target(), settings)),
    (logits) => lossReference(logits!, labels, settings),
  );
}

function addSums(add: AddCase, integer: Integer): void {
  const count = integer(2, 30);
  const shape = [integer(1, 500), integer(1, 70)];
  add(
    'globalNorm',
    `${count} of ${shape}`,
    [randomValues([count, ...shape], integer(1, 99))],
    (x) => tf.tidy(() => globalNorm(tf.unstack(x!))),
    (x) => ({ shape: [], data: Float64Array.of(Math.sqrt(x!.data.reduce((sum, v) => sum + v * v, 0))) }),
    [],
  );
}

/** More workgroups than a row of them may have. */
function addLarge(add: AddCase): void {
  const size: Triple = [1, 2100, 2001];
  add(
    'resizeTrilinear',
    `to ${size}`,
    [randomValues([1, 1, 3, 4, 1], 1)],
    (x) => resizeTrilinear(x as tf.Tensor5D, size),
    (x) => trilinear(x!, size),
    [],
  );
}

let absent = '';
await startBackend({ name: 'webgpu' }).catch((error: Error) => {
  absent = error.message;
});
const results: ConformanceResult[] = [];
const left = { tensors: 0, bytes: 0 };
if (absent === '') {
  const used = () => (tf.memory() as unknown as { numBytesInGPU: number }).numBytesInGPU;
  await tf.ones([1]).data();
  const [tensors, bytes] = [tf.memory().numTensors, used()];
  const rng = Rng.fromSeed(Number(seed));
  const integer: Integer = (low, high) => low + Math.floor(rng.uniform() * (high - low + 1));
  for (let round = 0; round < Number(rounds); round++) {
    const { cases, add } = caseList('ops');
    for (const make of [addNorm, addPool, addResize, addLoss, addSums]) make(add, integer);
    if (round === 0) addLarge(add);
    for (const test of cases) results.push(await checkCase(test));
  }
  Object.assign(left, { tensors: tf.memory().numTensors - tensors, bytes: used() - bytes });
}
process.stdout.write(JSON.stringify({ absent, left, results }), () => process.exit(0));
