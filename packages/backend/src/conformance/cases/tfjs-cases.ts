import * as tf from '@tensorflow/tfjs-core';
import { caseList } from '../conformance-case.ts';
import { convolution, samePads, type Triple } from '../reference/convolution.ts';
import { softmax } from '../reference/normalisation.ts';
import { at, byIndex, distinctValues, map, positiveValues, randomValues, type Values, wholeValues } from '../values.ts';

const shape = [2, 3, 2, 3, 4];
const x = randomValues(shape, 51);
const y = randomValues(shape, 52);
const positive = positiveValues(shape, 53);
const vector = randomValues([4], 54);

type Unary = readonly [name: string, (x: tf.Tensor) => tf.Tensor, (v: number) => number, from?: Values];

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

const unary: readonly Unary[] = [
  ['abs', tf.abs, Math.abs],
  ['neg', tf.neg, (v) => -v],
  ['square', tf.square, (v) => v * v],
  ['sqrt', tf.sqrt, Math.sqrt, positive],
  ['rsqrt', tf.rsqrt, (v) => 1 / Math.sqrt(v), positive],
  ['reciprocal', tf.reciprocal, (v) => 1 / v, positive],
  ['exp', tf.exp, Math.exp],
  ['log', tf.log, Math.log, positive],
  ['log1p', tf.log1p, Math.log1p, positive],
  ['tanh', tf.tanh, Math.tanh],
  ['sigmoid', tf.sigmoid, sigmoid],
  ['softplus', tf.softplus, (v) => Math.log1p(Math.exp(v))],
  ['relu', tf.relu, (v) => Math.max(v, 0)],
  ['clone', tf.clone, (v) => v],
];

type Binary = readonly [name: string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, (a: number, b: number) => number];

const binary: readonly Binary[] = [
  ['add', tf.add, (a, b) => a + b],
  ['sub', tf.sub, (a, b) => a - b],
  ['mul', tf.mul, (a, b) => a * b],
  ['div', tf.div, (a, b) => a / b],
  ['maximum', tf.maximum, Math.max],
  ['minimum', tf.minimum, Math.min],
  ['divNoNan', tf.divNoNan, (a, b) => (b === 0 ? 0 : a / b)],
];

/** Adds up over the axes given, which stay with length 1 when `keep`. */
function sumOver(v: Values, axes: readonly number[], keep = false): Values {
  const kept = v.shape.map((n, a) => (axes.includes(a) ? 1 : n));
  const sums = byIndex(kept, () => 0);
  byIndex(v.shape, (index) => {
    const place = kept.reduce((offset, n, a) => offset * n + (n === 1 ? 0 : index[a]!), 0);
    sums.data[place]! += at(v, index);
    return 0;
  });
  return { shape: keep ? kept : kept.filter((_, a) => !axes.includes(a)), data: sums.data };
}

/** Every op of tfjs that these packages use, in rank 5 where they use it so. */
export function tfjsCases() {
  const { cases, add } = caseList('tfjs');
  for (const [name, run, f, from = x] of unary)
    add(
      name,
      'rank 5',
      [from],
      (t) => run(t!),
      (t) => map(t!, f),
    );
  for (const [name, run, f] of binary) {
    const divisor = name.startsWith('div') ? positive : y;
    const run2 = (a?: tf.Tensor, b?: tf.Tensor) => run(a!, b!);
    // No gradient of a quotient of this kind is registered in tfjs.
    const wanted = name === 'divNoNan' ? [] : undefined;
    add(name, 'rank 5', [x, divisor], run2, (a, b) => map(a!, (v, i) => f(v, b!.data[i]!)), wanted);
    // With broadcasting, tfjs's gradients of these two do not add up over the smaller input.
    if (name === 'divNoNan' || name === 'maximum' || name === 'minimum') continue;
    const small = name === 'div' ? positiveValues([4], 55) : vector;
    add(name, 'rank 5 with a vector', [x, small], run2, (a, b) => map(a!, (v, i) => f(v, b!.data[i % 4]!)));
    const each = name === 'div' ? positiveValues([2, 1, 1, 1, 4], 56) : randomValues([2, 1, 1, 1, 4], 56);
    add(name, 'one value a sample and channel', [x, each], run2, (a, b) =>
      map(a!, (v, i) => f(v, b!.data[Math.floor(i / 72) * 4 + (i % 4)]!)),
    );
  }
  add(
    'maximum',
    'with a number',
    [x],
    (t) => tf.maximum(t!, 0.25),
    (t) => map(t!, (v) => Math.max(v, 0.25)),
  );
  add(
    'minimum',
    'with a number',
    [x],
    (t) => tf.minimum(t!, 0.25),
    (t) => map(t!, (v) => Math.min(v, 0.25)),
  );
  add(
    'step',
    'slope 0.1',
    [x],
    (t) => tf.step(t!, 0.1),
    (t) => map(t!, (v) => (v > 0 ? 1 : 0.1)),
    [],
  );
  const whole = [wholeValues(shape, 3, 57), wholeValues(shape, 3, 58)];
  const asNumber = (t: tf.Tensor) => tf.tidy(() => tf.cast(t, 'float32'));
  add(
    'equal',
    'whole numbers',
    whole,
    (a, b) => tf.tidy(() => asNumber(tf.equal(a!, b!))),
    (a, b) => map(a!, (v, i) => (v === b!.data[i] ? 1 : 0)),
    [],
  );
  add(
    'notEqual',
    'whole numbers',
    whole,
    (a, b) => tf.tidy(() => asNumber(tf.notEqual(a!, b!))),
    (a, b) => map(a!, (v, i) => (v === b!.data[i] ? 0 : 1)),
    [],
  );
  add(
    'where',
    'rank 5',
    [x, y],
    (a, b) =>
      tf.tidy(() => tf.where(tf.notEqual(tf.tensor(Int32Array.from(whole[0]!.data), shape, 'int32'), 0), a!, b!)),
    (a, b) => map(a!, (v, i) => (whole[0]!.data[i] !== 0 ? v : b!.data[i]!)),
  );
  add(
    'cast',
    'to int32 and back',
    [whole[0]!],
    (t) => tf.tidy(() => asNumber(tf.cast(t!, 'int32'))),
    (t) => t!,
    [],
  );
  add(
    'onesLike',
    'rank 5',
    [x],
    (t) => tf.onesLike(t!),
    (t) => map(t!, () => 1),
    [],
  );
  add(
    'zerosLike',
    'rank 5',
    [x],
    (t) => tf.zerosLike(t!),
    (t) => map(t!, () => 0),
    [],
  );
  add(
    'addN',
    'three',
    [x, y, positive],
    (...all) => tf.addN(all),
    (a, b, c) => map(a!, (v, i) => v + b!.data[i]! + c!.data[i]!),
  );

  const reductions = [[4], [1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3, 4]];
  for (const axes of reductions) {
    const name = `axes ${axes.join()}`;
    add(
      'sum',
      name,
      [x],
      (t) => tf.sum(t!, axes),
      (t) => sumOver(t!, axes),
    );
    const count = axes.reduce((n, a) => n * shape[a]!, 1);
    add(
      'mean',
      `${name}, kept`,
      [x],
      (t) => tf.mean(t!, axes, true),
      (t) => map(sumOver(t!, axes, true), (v) => v / count),
    );
  }
  add(
    'max',
    'channels',
    [distinctValues([2, 3, 4, 5], 59)],
    (t) => tf.max(t!, 3),
    (t) => byIndex([2, 3, 4], (index) => Math.max(...[0, 1, 2, 3, 4].map((c) => at(t!, [...index, c])))),
  );
  add(
    'softmax',
    'channels',
    [x],
    (t) => tf.softmax(t!),
    (t) => softmax(t!),
  );
  add(
    'logSoftmax',
    'channels',
    [x],
    (t) => tf.logSoftmax(t!),
    (t) => softmax(t!, true),
  );

  add(
    'reshape',
    'rank 5 to 3',
    [x],
    (t) => tf.reshape(t!, [6, 2, 12]),
    (t) => ({ shape: [6, 2, 12], data: t!.data }),
  );
  add(
    'expandDims',
    'last',
    [x],
    (t) => tf.expandDims(t!, 4),
    (t) => ({ shape: [2, 3, 2, 3, 1, 4], data: t!.data }),
  );
  add(
    'slice',
    'rank 5',
    [x],
    (t) => tf.slice(t!, [1, 1, 0, 1, 1], [1, 2, 2, 2, 2]),
    (t) => byIndex([1, 2, 2, 2, 2], ([n, d, h, w, c]) => at(t!, [n! + 1, d! + 1, h!, w! + 1, c! + 1])),
  );
  add(
    'stridedSlice',
    'rank 5',
    [x],
    (t) => tf.stridedSlice(t!, [0, 0, 0, 1, 0], shape, [1, 2, 1, 1, 2]),
    (t) => byIndex([2, 2, 2, 2, 2], ([n, d, h, w, c]) => at(t!, [n!, d! * 2, h!, w! + 1, c! * 2])),
    [],
  );
  const pads: [number, number][] = [
    [0, 0],
    [1, 2],
    [0, 1],
    [2, 0],
    [1, 0],
  ];
  add(
    'pad',
    'rank 5 with 0.5',
    [x],
    (t) => tf.pad(t!, pads, 0.5),
    (t) =>
      byIndex([2, 6, 3, 5, 5], (index) => {
        const from = index.map((i, a) => i - pads[a]![0]);
        return from.every((i, a) => i >= 0 && i < shape[a]!) ? at(t!, from) : 0.5;
      }),
  );
  add(
    'transpose',
    'rank 5',
    [x],
    (t) => tf.transpose(t!, [0, 4, 1, 3, 2]),
    (t) => byIndex([2, 4, 3, 3, 2], ([n, c, d, w, h]) => at(t!, [n!, d!, h!, w!, c!])),
  );
  add(
    'transpose',
    'rank 6',
    [randomValues([2, 2, 3, 2, 2, 2], 60)],
    (t) => tf.transpose(t!, [0, 3, 1, 4, 2, 5]),
    (t) => byIndex([2, 2, 2, 2, 3, 2], ([a, d, b, e, c, f]) => at(t!, [a!, b!, c!, d!, e!, f!])),
  );
  add(
    'concat',
    'axis 2',
    [x, y],
    (a, b) => tf.concat([a!, b!], 2),
    (a, b) => byIndex([2, 3, 4, 3, 4], ([n, d, h, w, c]) => at(h! < 2 ? a! : b!, [n!, d!, h! % 2, w!, c!])),
  );
  add(
    'stack',
    'two',
    [x, y],
    (a, b) => tf.stack([a!, b!]),
    (a, b) => ({ shape: [2, ...shape], data: Float64Array.from([...a!.data, ...b!.data]) }),
  );
  add(
    'split',
    'second of [1, 3] channels',
    [x],
    (t) => tf.tidy(() => tf.split(t!, [1, 3], 4)[1]!),
    (t) => byIndex([2, 3, 2, 3, 3], ([n, d, h, w, c]) => at(t!, [n!, d!, h!, w!, c! + 1])),
  );
  const rows = [2, 0, 2];
  add(
    'gather',
    'axis 1',
    [x],
    (t) => tf.tidy(() => tf.gather(t!, tf.tensor1d(rows, 'int32'), 1)),
    (t) => byIndex(shape, ([n, d, h, w, c]) => at(t!, [n!, rows[d!]!, h!, w!, c!])),
    [],
  );
  add(
    'broadcastTo',
    'rank 5',
    [randomValues([1, 1, 1, 1, 4], 61)],
    (t) => tf.broadcastTo(t!, shape),
    (t) => byIndex(shape, (index) => t!.data[index[4]!]!),
    [],
  );
  add(
    'matMul',
    'rank 2',
    [randomValues([5, 4], 62), randomValues([4, 3], 63)],
    (a, b) => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D),
    (a, b) => byIndex([5, 3], ([i, j]) => [0, 1, 2, 3].reduce((sum, k) => sum + at(a!, [i!, k]) * at(b!, [k, j!]), 0)),
  );
  add(
    'matMul',
    'one matrix, batch 3',
    [randomValues([1, 5, 4], 64), randomValues([3, 4, 2], 65)],
    (a, b) => tf.matMul(a!, b!),
    (a, b) =>
      byIndex([3, 5, 2], ([n, i, j]) =>
        [0, 1, 2, 3].reduce((sum, k) => sum + at(a!, [0, i!, k]) * at(b!, [n!, k, j!]), 0),
      ),
    [1],
  );

  for (const stride of [1, 2]) {
    const strides: Triple = [stride, stride, stride];
    add(
      'conv3d',
      `stride ${stride} same`,
      [randomValues([2, 5, 4, 3, 3], 66), randomValues([3, 3, 3, 3, 4], 67)],
      (t, w) => tf.conv3d(t as tf.Tensor5D, w as tf.Tensor5D, stride, 'same'),
      (t, w) => convolution(t!, w!, undefined, { strides, pads: samePads([5, 4, 3], [3, 3, 3], strides) }),
    );
  }
  return cases;
}
