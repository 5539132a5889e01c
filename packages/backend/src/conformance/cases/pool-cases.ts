import { avgPool3d, concatChannels, maxPool3d, oneHot, type Padding, resizeTrilinear, upsampleNearest } from '@seg/ops';
import type { Tensor5D } from '@tensorflow/tfjs-core';
import { caseList } from '../conformance-case.ts';
import { noPads, type Pads, pooling, samePads, type Triple } from '../reference/convolution.ts';
import { trilinear } from '../reference/resizing.ts';
import { at, byIndex, distinctValues, randomValues, wholeValues } from '../values.ts';

const around: Pads = [
  [1, 1],
  [1, 1],
  [1, 1],
];
const two: Triple = [2, 2, 2];
const three: Triple = [3, 3, 3];
const poolSettings: readonly [name: string, size: Triple, window: Triple, strides: Triple, Padding, Pads?][] = [
  ['2x2x2, even', [4, 6, 2], two, two, 'valid', noPads],
  ['2x2x2, odd', [5, 7, 3], two, two, 'valid', noPads],
  ['2x2x2 same, odd', [5, 3, 3], two, two, 'same'],
  ['1x2x2', [3, 4, 5], [1, 2, 2], [1, 2, 2], 'valid', noPads],
  ['3x3x3 stride 2 padding 1', [5, 6, 4], three, two, 1, around],
  ['3x3x3 stride 1 same', [3, 4, 3], three, [1, 1, 1], 'same'],
];
const resizeSettings: readonly [from: Triple, to: Triple][] = [
  [
    [2, 3, 4],
    [4, 6, 8],
  ],
  [
    [4, 5, 3],
    [2, 3, 3],
  ],
  [
    [3, 4, 2],
    [7, 3, 5],
  ],
];

/** Pooling, resizing, joining and one-hot coding of @seg/ops. */
export function poolCases() {
  const { cases, add } = caseList('ops');
  for (const [name, size, window, strides, padding, pads] of poolSettings) {
    const taps = { strides, pads: pads ?? samePads(size, window, strides) };
    const options = { size: window, strides, padding };
    add(
      'maxPool3d',
      `${name}, all negative`,
      [distinctValues([2, ...size, 3], 11)],
      (x) => maxPool3d(x as Tensor5D, options),
      (x) => pooling(x!, 'max', window, taps),
    );
    add(
      'avgPool3d',
      name,
      [randomValues([2, ...size, 3], 12)],
      (x) => avgPool3d(x as Tensor5D, options),
      (x) => pooling(x!, 'average', window, taps),
    );
  }
  for (const [from, to] of resizeSettings) {
    add(
      'resizeTrilinear',
      `${from.join('x')} to ${to.join('x')}`,
      [randomValues([2, ...from, 3], 13)],
      (x) => resizeTrilinear(x as Tensor5D, to),
      (x) => trilinear(x!, to),
    );
  }
  add(
    'upsampleNearest',
    'by 2x3x1',
    [randomValues([2, 2, 3, 4, 3], 14)],
    (x) => upsampleNearest(x as Tensor5D, [2, 3, 1]),
    (x) => byIndex([2, 4, 9, 4, 3], ([n, d, h, w, c]) => at(x!, [n!, Math.floor(d! / 2), Math.floor(h! / 3), w!, c!])),
  );
  add(
    'concatChannels',
    '2 and 3 channels',
    [randomValues([2, 2, 3, 2, 2], 15), randomValues([2, 2, 3, 2, 3], 16)],
    (a, b) => concatChannels([a as Tensor5D, b as Tensor5D]),
    (a, b) =>
      byIndex([2, 2, 3, 2, 5], ([n, d, h, w, c]) => at(c! < 2 ? a! : b!, [n!, d!, h!, w!, c! < 2 ? c! : c! - 2])),
  );
  add(
    'oneHot',
    '3 classes, labels beyond',
    [wholeValues([2, 2, 3, 2], 5, 17)],
    (labels) => oneHot(labels!, 3),
    (labels) => byIndex([2, 2, 3, 2, 3], ([n, d, h, w, c]) => (at(labels!, [n!, d!, h!, w!]) === c ? 1 : 0)),
    [],
  );
  return cases;
}
