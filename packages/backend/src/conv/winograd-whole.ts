import { wholeLayout } from '../../assembly/conv/layouts.ts';
import { scratchPlaces, weightPoints } from '../../assembly/conv/winograd-variants.ts';
import { Arena } from './arena.ts';
import { type ConvContext, partsOf } from './context.ts';
import type { FilterGradientPlaces } from './direct-filter-gradient.ts';
import type { ForwardPlaces } from './direct-forward.ts';
import { type ConvGeometry, volumeOf } from './geometry.ts';
import { type VariantId, type VariantSizes, variantOf, variantSizes } from './winograd-variant.ts';

interface WholePlaces {
  readonly x: number;
  readonly y: number;
  readonly u: number;
  readonly us: number;
  readonly bias: number;
}

/** A Winograd convolution whose tiles are all transformed before the products; `u` holds the transformed weights. */
export function convolveWhole(
  ctx: ConvContext,
  arena: Arena,
  g: ConvGeometry,
  id: VariantId,
  sizes: VariantSizes,
  places: ForwardPlaces,
  u: number,
): void {
  const bias = arena.bias(places.bias, g.outChannels, sizes.mc / 4);
  const { x, y } = places;
  const { desc, planes, threadBytes } = wholeDescriptor(arena, g, id, sizes, { x, y, u, us: sizes.us, bias });
  ctx.runtime.run('conv', `wholeinputs${id}`, partsOf(planes), (p, q) => [desc, p, q], threadBytes);
  ctx.runtime.run('conv', `wholeproducts${id}`, partsOf(sizes.points), (p, q) => [desc, p, q]);
  ctx.runtime.run('conv', `wholeoutputs${id}`, partsOf(planes), (p, q) => [desc, p, q], threadBytes);
}

/** Channels in and out that a part of a filter gradient does at once; results are the same for any. */
interface ChannelBlock {
  readonly ic: number;
  readonly oc: number;
}

// All transformed output gradients pass through the second-level cache for each block of input channels.
const cachedGradientBytes = 1 << 20;
const narrow = 12;
const square = 32;

function channelBlock(ctx: ConvContext, g: ConvGeometry, mc: number, gradientBytes: number): ChannelBlock {
  const squares = Math.ceil(g.inChannels / square) * Math.ceil(mc / 4 / square);
  const shared = squares % ctx.runtime.threads === 0;
  return gradientBytes > cachedGradientBytes && shared ? { ic: square, oc: square } : { ic: narrow, oc: mc / 4 };
}

/** A filter gradient whose tiles are all transformed before the products; no partial sums, so few tiles suffice. */
export function filterGradientWhole(
  ctx: ConvContext,
  g: ConvGeometry,
  id: VariantId,
  places: FilterGradientPlaces,
): void {
  const arena = new Arena(ctx.runtime);
  try {
    const sizes = variantSizes(ctx, variantOf(id), g.inChannels, g.outChannels, g.kernel[0]);
    const { x, dy: y, dw: u } = places;
    const extent = wholeExtent(g, id, sizes);
    const block = channelBlock(ctx, g, sizes.mc, sizes.points * extent.mp);
    const { ic, oc } = block;
    const { desc, planes, threadBytes } = wholeDescriptor(arena, g, id, sizes, { x, y, u, us: 0, bias: 0 }, block);
    ctx.runtime.run('conv', `wholeinputs${id}`, partsOf(planes), (p, q) => [desc, p, q], threadBytes);
    ctx.runtime.run('conv', `wholegrads${id}`, partsOf(planes), (p, q) => [desc, p, q], threadBytes);
    const parts = Math.ceil(g.inChannels / ic) * Math.ceil(sizes.mc / 4 / oc);
    const kernelPlanes = id.startsWith('1') ? g.kernel[0] : 1;
    const gradientBytes = weightPoints(variantOf(id)) * kernelPlanes * (4 * ic * oc + 64);
    ctx.runtime.run('conv', `wholefilter${id}`, parts, (p, q) => [desc, p, q], threadBytes + gradientBytes);
  } finally {
    arena.release();
  }
}

/** Planes of tiles, and bytes between points of the transformed tensors. */
function wholeExtent(g: ConvGeometry, id: VariantId, { vc, mc }: VariantSizes) {
  const variant = variantOf(id);
  const flat = variant.depth === 1;
  const planeTiles = Math.ceil(g.output[1] / variant.plane) * Math.ceil(g.output[2] / variant.plane);
  const outputPlanes = g.batch * (flat ? g.output[0] : Math.ceil(g.output[0] / variant.depth));
  const planes = flat ? g.batch * ((g.output[0] - 1) * g.stride[0] + g.kernel[0]) : outputPlanes;
  return { planes, vp: planes * planeTiles * vc + 64, mp: outputPlanes * planeTiles * mc + 64 };
}

const allChannels: ChannelBlock = { ic: 0, oc: 0 };

function wholeDescriptor(
  arena: Arena,
  g: ConvGeometry,
  id: VariantId,
  sizes: VariantSizes,
  { x, y, u, us, bias }: WholePlaces,
  { ic, oc }: ChannelBlock = allChannels,
) {
  const { vc, mc, points } = sizes;
  const { planes, vp, mp } = wholeExtent(g, id, sizes);
  const desc = arena.descriptor(wholeLayout, {
    x,
    xn: volumeOf(g.input) * 4 * g.inChannels,
    cb: 4 * g.inChannels,
    v: arena.take(points * vp + 64),
    vp,
    vc,
    y,
    yn: volumeOf(g.output) * 4 * g.outChannels,
    yb: 4 * g.outChannels,
    m: arena.take(points * mp + 64),
    mp,
    mc,
    u,
    us,
    bias,
    n: g.batch,
    d: g.input[0],
    h: g.input[1],
    w: g.input[2],
    od: g.output[0],
    oh: g.output[1],
    ow: g.output[2],
    pd: g.pad[0],
    ph: g.pad[1],
    pw: g.pad[2],
    ci: g.inChannels,
    co: g.outChannels,
    kd: g.kernel[0],
    ds: g.stride[0],
    ic,
    oc,
  });
  return { desc, planes, threadBytes: scratchPlaces(variantOf(id)).blocks };
}
