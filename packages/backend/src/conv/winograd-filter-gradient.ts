import { filterBackLayout, winogradLayout } from '../../assembly/conv/layouts.ts';
import { depthPairs, scratchPlaces, weightPoints } from '../../assembly/conv/winograd-variants.ts';
import { Arena } from './arena.ts';
import { type ConvContext, partsOf } from './context.ts';
import type { FilterGradientPlaces } from './direct-filter-gradient.ts';
import { type ConvGeometry, shapeFields } from './geometry.ts';
import type { WinogradPlan } from './winograd-convolution.ts';
import { threadBytes, tileCount, variantOf, variantSizes } from './winograd-variant.ts';
import { filterGradientWhole } from './winograd-whole.ts';

// Transformed gradients of all slices together take at most this much, unless the fewest slices do.
const slicesBytes = 16 << 20;
const mostSlices = 8;
const fewestSlices = 4;
// Each of them is three parts.
const slicesOfPairs = 3;

/** The filter gradient of a 3x3x3, 2x3x3 or 1x3x3 convolution with stride 1 by Winograd's method: F(3, m) on each tile. */
export function winogradFilterGradient(
  ctx: ConvContext,
  g: ConvGeometry,
  plan: WinogradPlan,
  places: FilterGradientPlaces,
): void {
  if (plan.blockTiles === 0) {
    filterGradientWhole(ctx, g, plan.variant, places);
    return;
  }
  const variant = variantOf(plan.variant);
  const [ci, co, kd] = [g.inChannels, g.outChannels, g.kernel[0]];
  const sizes = variantSizes(ctx, variant, ci, co, kd);
  const us = ci * sizes.mc + 64;
  const sliceBytes = weightPoints(variant) * (variant.depth === 1 ? kd : 1) * us;
  const tiles = tileCount(variant, g.batch, g.output);
  const tb = Math.min(plan.blockTiles, tiles);
  const pairs = plan.pairs ? depthPairs(variant) : 1;
  const shares = variant.depth === 1 ? g.batch * g.output[0] : Math.ceil(tiles / tb);
  const affordable = Math.max(fewestSlices, Math.floor(slicesBytes / sliceBytes));
  const slices = Math.min(plan.pairs ? slicesOfPairs : Math.min(mostSlices, affordable), shares);
  const arena = new Arena(ctx.runtime);
  try {
    const du = arena.take(slices * sliceBytes);
    const desc = arena.descriptor(winogradLayout, {
      ...shapeFields(g),
      x: places.x,
      vc: sizes.vc,
      y: places.dy,
      mc: sizes.mc,
      u: du,
      us,
      bias: 0,
      sliceBytes,
      tb,
      segments: pairs,
    });
    const bytes = threadBytes(variant, sizes, kd, tb);
    ctx.runtime.run('conv', `filter${plan.variant}`, slices * pairs, (p, q) => [desc, p, q], bytes);
    const back = arena.descriptor(filterBackLayout, {
      du,
      us,
      sliceBytes,
      row: sizes.mc,
      dw: places.dw,
      slices,
      ci,
      co,
      kd,
    });
    const rows = ci * (variant.depth === 1 ? kd : 1);
    const threadScratch = scratchPlaces(variant).blocks;
    ctx.runtime.run('conv', `filterback${plan.variant}`, partsOf(rows), (p, q) => [back, p, q], threadScratch);
  } finally {
    arena.release();
  }
}
