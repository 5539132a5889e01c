import {
  scratchPlaces,
  tilePoints,
  type Variant,
  variants,
  weightPoints,
} from '../../assembly/conv/winograd-variants.ts';
import { type ConvContext, tileWidth, transformBytes } from './context.ts';
import { roundUp } from './geometry.ts';

export type { Variant } from '../../assembly/conv/winograd-variants.ts';

/** Name of a variant: outputs of a tile in depth (1: direct sum over the kernel's depth) and in plane; s2 is stride 2. */
export type VariantId = '14' | '24' | '44' | '22' | '12' | '14s2';

export function variantOf(id: VariantId): Variant {
  return variants.find((variant) => variant.id === id)!;
}

/** Sizes in memory of a convolution in one variant. */
export interface VariantSizes {
  /** Bytes a tile of transformed inputs, of transformed outputs. */
  readonly vc: number;
  readonly mc: number;
  /** Bytes between points of the transformed weights; not a power of two, against conflicts in the caches. */
  readonly us: number;
  readonly weightBytes: number;
  /** Points of transformed tensors. */
  readonly points: number;
}

/** Sizes for a convolution from `ci` to `co` channels with `kd` planes in the kernel. */
export function variantSizes(ctx: ConvContext, variant: Variant, ci: number, co: number, kd: number): VariantSizes {
  const vc = roundUp(4 * ci, transformBytes(ctx));
  const mc = 4 * roundUp(co, tileWidth(ctx));
  const points = tilePoints(variant);
  const us = ci * mc * (variant.depth === 1 ? kd : 1) + 64;
  return { vc, mc, us, points, weightBytes: weightPoints(variant) * us };
}

/** Scratch of a thread for blocks of `tb` tiles. */
export function threadBytes(variant: Variant, sizes: VariantSizes, kd: number, tb: number): number {
  const slots = variant.depth === 1 ? kd : 1;
  return scratchPlaces(variant).blocks + sizes.points * (slots * (tb * sizes.vc + 64) + tb * sizes.mc + 64) + 64;
}

/** Tiles of a batch of outputs: all of them, or those of one plane for variants with a direct sum over the depth. */
export function tileCount(variant: Variant, batch: number, output: readonly [number, number, number]): number {
  const plane = Math.ceil(output[1] / variant.plane) * Math.ceil(output[2] / variant.plane);
  return variant.depth === 1 ? plane : batch * Math.ceil(output[0] / variant.depth) * plane;
}
