import { type Conv3dOptions, conv3d, conv3dTranspose, type Padding } from '@seg/ops';
import type { Tensor5D } from '@tensorflow/tfjs-core';
import { caseList } from '../conformance-case.ts';
import {
  convolution,
  noPads,
  type Pads,
  samePads,
  type Triple,
  transposedConvolution,
} from '../reference/convolution.ts';
import { randomValues } from '../values.ts';

const one: Triple = [1, 1, 1];
const two: Triple = [2, 2, 2];
const around: Pads = [
  [1, 1],
  [1, 1],
  [1, 1],
];

interface ConvSetting {
  readonly name: string;
  readonly size: Triple;
  readonly kernel: Triple;
  readonly strides?: Triple;
  readonly dilations?: Triple;
  readonly padding: Padding;
  /** What the padding comes to; default: that of `'same'`. */
  readonly pads?: Pads;
  readonly channels?: readonly [number, number];
  readonly batch?: number;
  readonly bias?: boolean;
}

const convSettings: readonly ConvSetting[] = [
  { name: '3x3x3 same, batch 2, 5x4x3', size: [5, 4, 3], kernel: [3, 3, 3], padding: 'same' },
  { name: '3x3x3 same with bias', size: [3, 4, 5], kernel: [3, 3, 3], padding: 'same', bias: true },
  { name: '3x3x3 valid, batch 2', size: [5, 4, 3], kernel: [3, 3, 3], padding: 'valid', pads: noPads },
  { name: '3x3x3 same stride 2, odd', size: [5, 7, 3], kernel: [3, 3, 3], strides: two, padding: 'same' },
  { name: '3x3x3 same stride 2, even', size: [4, 6, 2], kernel: [3, 3, 3], strides: two, padding: 'same' },
  { name: '3x3x3 padding 1 stride 2, odd', size: [5, 3, 5], kernel: [3, 3, 3], strides: two, padding: 1, pads: around },
  {
    name: '3x3x3 padding 1 stride 2, even, with bias',
    size: [4, 6, 4],
    kernel: [3, 3, 3],
    strides: two,
    padding: 1,
    pads: around,
    bias: true,
  },
  {
    name: 'unlike zeros on each side',
    size: [4, 3, 4],
    kernel: [3, 2, 3],
    padding: [[2, 0], 0, [0, 1]],
    pads: [
      [2, 0],
      [0, 0],
      [0, 1],
    ],
  },
  { name: '2x2x2 stride 2', size: [4, 6, 4], kernel: two, strides: two, padding: 'valid', pads: noPads },
  { name: '1x3x3 stride 1x2x2', size: [3, 5, 4], kernel: [1, 3, 3], strides: [1, 2, 2], padding: 'same' },
  {
    name: 'stride 1x1x2 to a width of 1, one channel in',
    size: [2, 3, 3],
    kernel: [1, 1, 2],
    strides: [1, 1, 2],
    padding: 'valid',
    pads: noPads,
    channels: [1, 2],
  },
  { name: '1x1x1', size: [3, 4, 2], kernel: one, padding: 'same', channels: [5, 3] },
  { name: '5x5x5, one channel in', size: [5, 4, 6], kernel: [5, 5, 5], padding: 'same', channels: [1, 2], batch: 1 },
  {
    name: '3x3x3, 16 to 16 channels',
    size: [4, 5, 6],
    kernel: [3, 3, 3],
    padding: 'same',
    channels: [16, 16],
    batch: 1,
  },
  { name: 'depth 1 (an image)', size: [1, 5, 6], kernel: [1, 3, 3], padding: 'same' },
  { name: 'dilation 2', size: [5, 6, 5], kernel: [3, 3, 3], dilations: two, padding: 'same' },
  { name: 'dilation 1x2x2', size: [3, 6, 5], kernel: [3, 3, 3], dilations: [1, 2, 2], padding: 'same' },
  { name: 'dilation 2, stride 2', size: [5, 6, 5], kernel: [3, 3, 3], dilations: two, strides: two, padding: 'same' },
];

interface TransposeSetting {
  readonly name: string;
  readonly from: Triple;
  readonly to: Triple;
  readonly kernel: Triple;
  readonly strides: Triple;
  readonly padding: Padding;
  readonly pads: Pads;
  readonly outputPadding?: number;
}

const transposeSettings: readonly TransposeSetting[] = [
  { name: '2x2x2 stride 2', from: [2, 3, 2], to: [4, 6, 4], kernel: two, strides: two, padding: 'same', pads: noPads },
  {
    name: '1x2x2 stride 1x2x2',
    from: [3, 2, 3],
    to: [3, 4, 6],
    kernel: [1, 2, 2],
    strides: [1, 2, 2],
    padding: 'same',
    pads: noPads,
  },
  {
    name: '4x4x4 stride 2 padding 1',
    from: [2, 2, 3],
    to: [4, 4, 6],
    kernel: [4, 4, 4],
    strides: two,
    padding: 1,
    pads: around,
  },
  {
    name: '3x3x3 stride 2, outputPadding 1',
    from: [2, 3, 2],
    to: [4, 6, 4],
    kernel: [3, 3, 3],
    strides: two,
    padding: 1,
    pads: around,
    outputPadding: 1,
  },
  {
    name: '3x3x3 valid',
    from: [2, 3, 2],
    to: [4, 5, 4],
    kernel: [3, 3, 3],
    strides: one,
    padding: 'valid',
    pads: noPads,
  },
];

/** Convolutions and transposed convolutions of @seg/ops. */
export function convCases() {
  const { cases, add } = caseList('ops');
  for (const setting of convSettings) {
    const { name, size, kernel, strides = one, dilations = one, padding, channels: [I, O] = [3, 4] } = setting;
    const extent = kernel.map((k, a) => (k - 1) * dilations[a]! + 1);
    const taps = { strides, dilations, pads: setting.pads ?? samePads(size, extent, strides) };
    const inputs = [randomValues([setting.batch ?? 2, ...size, I], 1), randomValues([...kernel, I, O], 2)];
    if (setting.bias === true) inputs.push(randomValues([O], 3));
    add(
      'conv3d',
      name,
      inputs,
      (x, w, bias) => {
        const options: Conv3dOptions = { strides, dilations, padding };
        return conv3d(x as Tensor5D, w!, bias === undefined ? options : { ...options, bias });
      },
      (x, w, bias) => convolution(x!, w!, bias, taps),
    );
  }
  for (const { name, from, to, kernel, strides, padding, pads, outputPadding = 0 } of transposeSettings) {
    add(
      'conv3dTranspose',
      name,
      [randomValues([2, ...from, 3], 4), randomValues([...kernel, 4, 3], 5), randomValues([4], 6)],
      (x, w, bias) => conv3dTranspose(x as Tensor5D, w!, { strides, padding, outputPadding, bias: bias! }),
      (x, w, bias) => transposedConvolution(x!, w!, bias, to, { strides, pads }),
    );
  }
  return cases;
}
