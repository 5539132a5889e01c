import * as tf from '@tensorflow/tfjs-core';
import { caseList } from '../conformance-case.ts';
import {
  convolution,
  noPads,
  type Pads,
  pooling,
  samePads,
  type Triple,
  transposedConvolution,
} from '../reference/convolution.ts';
import { bilinear } from '../reference/resizing.ts';
import { at, byIndex, distinctValues, map, randomValues } from '../values.ts';

const one: Triple = [1, 1, 1];
const two: Triple = [2, 2, 2];
const around: Pads = [
  [1, 1],
  [1, 1],
  [1, 1],
];
const x = randomValues([2, 5, 4, 3, 3], 71);
const w = randomValues([3, 3, 3, 3, 4], 72);
const five = (t: tf.Tensor) => t as tf.Tensor5D;

/** Ops of tfjs that @seg/ops replaces or avoids, to show why: not all backends compute them. */
export function unusedCases() {
  const { cases, add } = caseList('unused');
  add(
    'conv3d',
    'padding 1',
    [x, w],
    (t, k) => tf.conv3d(five(t!), five(k!), 1, 1 as unknown as 'same'),
    (t, k) => convolution(t!, k!, undefined, { strides: one, pads: around }),
  );
  add(
    'conv3d',
    'dilation 2',
    [x, w],
    (t, k) => tf.conv3d(five(t!), five(k!), 1, 'same', 'NDHWC', 2),
    (t, k) =>
      convolution(t!, k!, undefined, { strides: one, dilations: two, pads: samePads([5, 4, 3], [5, 5, 5], one) }),
  );
  add(
    'conv3dTranspose',
    'stride 2',
    [randomValues([2, 2, 3, 2, 3], 73), randomValues([2, 2, 2, 4, 3], 74)],
    (t, k) => tf.conv3dTranspose(five(t!), five(k!), [2, 4, 6, 4, 4], 2, 'same'),
    (t, k) => transposedConvolution(t!, k!, undefined, [4, 6, 4], { strides: two, pads: noPads }),
  );
  const overlap = { strides: two, pads: samePads([5, 4, 3], [3, 3, 3], two) };
  add(
    'maxPool3d',
    '3x3x3 stride 2 same, all negative',
    [distinctValues([2, 5, 4, 3, 3], 75)],
    (t) => tf.maxPool3d(five(t!), 3, 2, 'same'),
    (t) => pooling(t!, 'max', [3, 3, 3], overlap),
  );
  add(
    'avgPool3d',
    '3x3x3 stride 2 same',
    [x],
    (t) => tf.avgPool3d(five(t!), 3, 2, 'same'),
    (t) => pooling(t!, 'average', [3, 3, 3], overlap),
  );
  add(
    'tile',
    'rank 5',
    [x],
    (t) => tf.tile(t!, [1, 2, 1, 2, 1]),
    (t) => byIndex([2, 10, 4, 6, 3], ([n, d, h, v, c]) => at(t!, [n!, d! % 5, h!, v! % 3, c!])),
  );
  add(
    'cumsum',
    'rank 5, axis 2',
    [x],
    (t) => tf.cumsum(t!, 2),
    (t) =>
      byIndex(x.shape, ([n, d, h, v, c]) =>
        Array.from({ length: h! + 1 }, (_, i) => at(t!, [n!, d!, i, v!, c!])).reduce((a, b) => a + b, 0),
      ),
  );
  add(
    'mirrorPad',
    'rank 5',
    [x],
    (t) =>
      tf.mirrorPad(
        t!,
        [
          [0, 0],
          [1, 1],
          [1, 1],
          [1, 1],
          [0, 0],
        ],
        'reflect',
      ),
    (t) =>
      byIndex([2, 7, 6, 5, 3], (index) =>
        at(
          t!,
          index.map((i, a) => {
            if (a === 0 || a === 4) return i;
            const k = Math.abs(i - 1);
            return k < x.shape[a]! ? k : 2 * x.shape[a]! - 2 - k;
          }),
        ),
      ),
  );
  add(
    'maximum',
    'rank 5 with a vector',
    [x, randomValues([3], 78)],
    (t, v) => tf.maximum(t!, v!),
    (t, v) => map(t!, (value, i) => Math.max(value, v!.data[i % 3]!)),
  );
  add(
    'leakyRelu',
    'slope 0.01',
    [x],
    (t) => tf.leakyRelu(t!, 0.01),
    (t) => map(t!, (v) => (v > 0 ? v : 0.01 * v)),
  );
  const image = randomValues([2, 5, 4, 3], 76);
  for (const half of [false, true]) {
    add(
      'resizeBilinear',
      half ? 'half-pixel centres' : 'corners',
      [image],
      (t) => tf.image.resizeBilinear(t as tf.Tensor4D, [9, 7], false, half),
      (t) => bilinear(t!, [9, 7], half),
    );
  }
  add(
    'resizeNearestNeighbor',
    'batch 2',
    [image],
    (t) => tf.image.resizeNearestNeighbor(t as tf.Tensor4D, [10, 8]),
    (t) => byIndex([2, 10, 8, 3], ([n, i, j, c]) => at(t!, [n!, Math.floor(i! / 2), Math.floor(j! / 2), c!])),
  );
  add(
    'gather',
    'axis 1, with gradient',
    [x],
    (t) => tf.tidy(() => tf.gather(t!, tf.tensor1d([2, 0, 2], 'int32'), 1)),
    (t) => byIndex([2, 3, 4, 3, 3], ([n, d, h, v, c]) => at(t!, [n!, [2, 0, 2][d!]!, h!, v!, c!])),
  );
  add(
    'depthToSpace',
    'block 2',
    [randomValues([2, 2, 3, 8], 77)],
    (t) => tf.depthToSpace(t as tf.Tensor4D, 2),
    (t) => byIndex([2, 4, 6, 2], ([n, i, j, c]) => at(t!, [n!, i! >> 1, j! >> 1, ((i! & 1) * 2 + (j! & 1)) * 2 + c!])),
  );
  return cases;
}
