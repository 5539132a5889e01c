import { checkOption, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Size3 } from '../internal/checks.ts';

/** Zeros before and after one axis; a single number means as many on both sides. */
export type AxisPadding = number | readonly [before: number, after: number];

/**
 * How a convolution treats borders. `'same'`: output size ceil(input / stride), the odd zero at the end (TensorFlow's
 * rule); `'valid'`: no zeros; a number: that many on both sides of every axis (PyTorch's `padding`); three entries: per
 * axis (depth, height, width).
 */
export type Padding = 'same' | 'valid' | number | readonly [AxisPadding, AxisPadding, AxisPadding];

/** Zeros before and after each of the three axes. */
export type PadPairs = readonly [readonly [number, number], readonly [number, number], readonly [number, number]];

/** Everything that fixes a convolution besides its tensors; `output` follows from the rest. */
export interface ConvGeometry {
  readonly input: Size3;
  readonly kernel: Size3;
  readonly strides: Size3;
  readonly pads: PadPairs;
  readonly output: Size3;
}

const map3 = <T>(fn: (axis: 0 | 1 | 2) => T): readonly [T, T, T] => [fn(0), fn(1), fn(2)];

/** Turns a padding option into zeros per side; `kernel` is the extent with dilation. */
export function resolvePadding(where: string, padding: Padding, input: Size3, kernel: Size3, strides: Size3): PadPairs {
  if (typeof padding === 'string') {
    checkOption(where, 'padding', padding, ['same', 'valid']);
    if (padding === 'valid') return map3(() => [0, 0] as const);
    return map3((a) => {
      const total = Math.max(0, (Math.ceil(input[a] / strides[a]) - 1) * strides[a] + kernel[a] - input[a]);
      return [Math.floor(total / 2), Math.ceil(total / 2)] as const;
    });
  }
  const entries = typeof padding === 'number' ? ([padding, padding, padding] as const) : padding;
  const pairs = Array.isArray(entries) ? entries.map((e) => (typeof e === 'number' ? [e, e] : e)) : [];
  const valid =
    pairs.length === 3 &&
    pairs.every((p) => Array.isArray(p) && p.length === 2 && p.every((v) => Number.isInteger(v) && v >= 0));
  if (!valid) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'unknown padding',
      got: padding,
      expected: "'same', 'valid', a non-negative integer, or three integers or [before, after] pairs",
    });
  }
  return pairs as unknown as PadPairs;
}

/** The geometry of a convolution over `input`; throws `shape-mismatch` when the kernel does not fit even once. */
export function convGeometry(where: string, input: Size3, kernel: Size3, strides: Size3, pads: PadPairs): ConvGeometry {
  const output = map3((a) => Math.floor((input[a] + pads[a][0] + pads[a][1] - kernel[a]) / strides[a]) + 1);
  if (output.some((n) => n < 1)) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'the kernel is larger than the padded input',
      got: { input, kernel, padding: pads },
      hint: 'Use a larger patch, fewer stages or more padding.',
    });
  }
  return { input, kernel, strides, pads, output };
}

// tfjs-node hands the kernel to TensorFlow, which knows no numeric padding for 3-D convolutions.
const numericPadBackends: readonly string[] = ['cpu', 'wasm', 'webgl', 'webgpu'];

/**
 * The `pad` attribute by which tfjs's kernels compute this geometry, or undefined when they cannot and the input must
 * be padded first. Zeros after the last window are never read, so only the start and the output size have to agree.
 */
export function kernelPad(g: ConvGeometry): 'valid' | 'same' | number | undefined {
  const start = g.pads.map(([before]) => before);
  const first = start[0]!;
  const agrees = (before: (a: 0 | 1 | 2) => number, size: (a: 0 | 1 | 2) => number) =>
    ([0, 1, 2] as const).every((a) => before(a) === start[a] && size(a) === g.output[a]);
  const symmetric = (p: number) =>
    agrees(
      () => p,
      (a) => Math.floor((g.input[a] + 2 * p - g.kernel[a]) / g.strides[a]) + 1,
    );
  if (symmetric(0)) return 'valid';
  const sameSize = (a: 0 | 1 | 2) => Math.ceil(g.input[a] / g.strides[a]);
  const sameTotal = (a: 0 | 1 | 2) => (sameSize(a) - 1) * g.strides[a] + g.kernel[a] - g.input[a];
  if (agrees((a) => Math.floor(sameTotal(a) / 2), sameSize)) return 'same';
  return first > 0 && symmetric(first) && numericPadBackends.includes(tf.getBackend()) ? first : undefined;
}
