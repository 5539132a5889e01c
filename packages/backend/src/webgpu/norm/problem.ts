import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../fused/context.ts';
import { widthFor } from '../program.ts';
import { interleavedParts } from '../sums.ts';

/** A norm's sizes. */
export interface NormProblem {
  readonly samples: number;
  readonly positions: number;
  readonly channels: number;
  readonly groups: number;
  readonly epsilon: number;
  readonly negativeSlope: number;
  /** Parts into which the positions of a sample are cut for sums. */
  readonly parts: number;
  /** Channels that an invocation of an elementwise program takes. */
  readonly width: 1 | 4;
}

/** @param x [N, ..., C] */
export function normProblem(x: TensorInfo, attrs: Record<string, unknown>): NormProblem {
  const { groups, epsilon, negativeSlope } = attrs as { groups: number; epsilon: number; negativeSlope: number };
  const samples = x.shape[0]!;
  const channels = x.shape.at(-1)!;
  const positions = sizeOf(x.shape.slice(1, -1));
  const parts = interleavedParts(samples, positions, channels);
  return { samples, positions, channels, groups, epsilon, negativeSlope, parts, width: widthFor(channels) };
}

/** WGSL: the value of an array of [samples, groups] at the channels from `channel` on. */
export const perGroup = (name: string, width: 1 | 4, component = ''): string => {
  const at = (i: number) => `${name}[sample * uniforms.groups + (channel + ${i}) / uniforms.size]${component}`;
  return width === 1 ? at(0) : `vec4<f32>(${[0, 1, 2, 3].map(at).join(', ')})`;
};
