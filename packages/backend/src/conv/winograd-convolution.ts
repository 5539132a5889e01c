import { arrangeLayout, weightsLayout, winogradLayout } from '../../assembly/conv/layouts.ts';
import { scratchPlaces } from '../../assembly/conv/winograd-variants.ts';
import { Arena } from './arena.ts';
import { type ConvContext, partsOf, tileWidth } from './context.ts';
import type { ForwardPlaces } from './direct-forward.ts';
import type { InputGradientPlaces } from './direct-input-gradient.ts';
import { type ConvGeometry, perAxis, shapeFields, volumeOf, weightKind } from './geometry.ts';
import {
  threadBytes,
  tileCount,
  type VariantId,
  type VariantSizes,
  variantOf,
  variantSizes,
} from './winograd-variant.ts';
import { convolveWhole } from './winograd-whole.ts';

/** How a Winograd convolution is cut up. */
export interface WinogradPlan {
  readonly variant: VariantId;
  /** Tiles of a block, whose transforms fit into the second-level cache; 0: the whole volume is one block. */
  readonly blockTiles: number;
  /** A filter gradient in blocks: whether the points along the depth are done in pairs (see `depthPairs`). */
  readonly pairs?: boolean;
}

/** The forward pass of a convolution to which `winogradApplies`, by Winograd's method. */
export function winogradForward(ctx: ConvContext, g: ConvGeometry, plan: WinogradPlan, places: ForwardPlaces): void {
  winogradConvolution(ctx, g, plan, places, false);
}

/** The input gradient of such a convolution with stride 1: a convolution of the output gradient with flipped, transposed weights. */
export function winogradInputGradient(
  ctx: ConvContext,
  g: ConvGeometry,
  plan: WinogradPlan,
  places: InputGradientPlaces,
): void {
  const adjoint: ConvGeometry = {
    ...g,
    input: g.output,
    output: g.input,
    inChannels: g.outChannels,
    outChannels: g.inChannels,
    pad: perAxis((a) => g.kernel[a] - 1 - g.pad[a]),
  };
  const { dy, dx, weights, weightKey } = places;
  winogradConvolution(ctx, adjoint, plan, { x: dy, y: dx, weights, weightKey, bias: 0 }, true);
}

function winogradConvolution(
  ctx: ConvContext,
  g: ConvGeometry,
  plan: WinogradPlan,
  places: ForwardPlaces,
  flip: boolean,
): void {
  const variant = variantOf(plan.variant);
  const [ci, co, kd] = [g.inChannels, g.outChannels, g.kernel[0]];
  const sizes = variantSizes(ctx, variant, ci, co, kd);
  const arena = new Arena(ctx.runtime);
  try {
    const kind = weightKind(`winograd ${plan.variant} ${flip}`, g);
    const fill = (u: number) => transformWeights(ctx, arena, g, plan.variant, sizes, places.weights, flip, u);
    ctx.weights.with(places.weightKey, kind, sizes.weightBytes, fill, (u) => {
      if (plan.blockTiles === 0) {
        convolveWhole(ctx, arena, g, plan.variant, sizes, places, u);
        return;
      }
      const tiles = tileCount(variant, g.batch, g.output);
      const tb = Math.min(plan.blockTiles, tiles);
      const blocks = Math.ceil(tiles / tb);
      const segments = variant.depth === 1 ? segmentCount(g.batch * g.output[0], blocks) : 1;
      const desc = arena.descriptor(winogradLayout, {
        ...shapeFields(g),
        x: places.x,
        vc: sizes.vc,
        y: places.y,
        mc: sizes.mc,
        u,
        us: sizes.us,
        bias: arena.bias(places.bias, co, sizes.mc / 4),
        sliceBytes: 0,
        tb,
        segments,
      });
      const parts = partsOf(blocks * segments);
      ctx.runtime.run(
        'conv',
        `conv${plan.variant}`,
        parts,
        (p, q) => [desc, p, q],
        threadBytes(variant, sizes, kd, tb),
      );
    });
  } finally {
    arena.release();
  }
}

// Each segment of planes transforms kd - 1 planes of its neighbour again: few, but enough to share the work out.
const wantedItems = 8;
const shortestSegment = 8;

function segmentCount(planes: number, blocks: number): number {
  return Math.max(1, Math.min(Math.ceil(wantedItems / blocks), Math.floor(planes / shortestSegment)));
}

/** Transforms weights [taps][ci][co] (of the given, not the adjoint, convolution when `flip`) into `u`. */
function transformWeights(
  ctx: ConvContext,
  arena: Arena,
  g: ConvGeometry,
  id: VariantId,
  sizes: VariantSizes,
  weights: number,
  flip: boolean,
  u: number,
): void {
  const variant = variantOf(id);
  const [ci, kd] = [g.inChannels, g.kernel[0]];
  const w = arrangedWeights(ctx, arena, g, { weights, pitch: sizes.mc, flip });
  const desc = arena.descriptor(weightsLayout, {
    w,
    pitch: sizes.mc,
    u,
    us: sizes.us,
    ci,
    co: sizes.mc / 4,
    kd,
  });
  const items = (sizes.mc / 4 / tileWidth(ctx)) * (variant.depth === 1 ? kd : 1);
  ctx.runtime.run('conv', `weights${id}`, partsOf(items), (p, q) => [desc, p, q], scratchPlaces(variant).blocks);
}

interface WeightRows {
  readonly weights: number;
  /** Bytes of a row of output channels. */
  readonly pitch: number;
  readonly flip: boolean;
}

/**
 * The weights [taps][ci][pitch] of a convolution, copied unless they lie like that: padded to `pitch`, or, flipped, made
 * from the weights [taps][co][ci] of the convolution whose adjoint it is.
 */
export function arrangedWeights(
  ctx: ConvContext,
  arena: Arena,
  g: ConvGeometry,
  { weights, pitch, flip }: WeightRows,
): number {
  const [taps, ci, co] = [volumeOf(g.kernel), g.inChannels, g.outChannels];
  if (!flip && pitch === 4 * co) return weights;
  const dst = arena.take(taps * ci * pitch);
  const channels = { ci: flip ? co : ci, co: flip ? ci : co, flip: Number(flip) };
  const desc = arena.descriptor(arrangeLayout, { w: weights, dst, pitch, taps, ...channels });
  ctx.runtime.run('conv', 'arrange', partsOf(Math.ceil((taps * ci) / 16)), (p, q) => [desc, p, q]);
  return dst;
}
