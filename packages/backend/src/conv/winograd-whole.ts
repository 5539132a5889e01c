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

// Input channels that a part of the filter gradient does at once: two register tiles.
const channelsAtOnce = 12;

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
    const { desc, planes, threadBytes } = wholeDescriptor(arena, g, id, sizes, { x, y, u, us: 0, bias: 0 });
    ctx.runtime.run('conv', `wholeinputs${id}`, partsOf(planes), (p, q) => [desc, p, q], threadBytes);
    ctx.runtime.run('conv', `wholegrads${id}`, partsOf(planes), (p, q) => [desc, p, q], threadBytes);
    const parts = Math.ceil(g.inChannels / channelsAtOnce);
    const kernelPlanes = id.startsWith('1') ? g.kernel[0] : 1;
    const gradientBytes = weightPoints(variantOf(id)) * kernelPlanes * (channelsAtOnce * sizes.mc + 64);
    ctx.runtime.run('conv', `wholefilter${id}`, parts, (p, q) => [desc, p, q], threadBytes + gradientBytes);
  } finally {
    arena.release();
  }
}

function wholeDescriptor(
  arena: Arena,
  g: ConvGeometry,
  id: VariantId,
  { vc, mc, points }: VariantSizes,
  { x, y, u, us, bias }: WholePlaces,
) {
  const variant = variantOf(id);
  const flat = variant.depth === 1;
  const planeTiles = Math.ceil(g.output[1] / variant.plane) * Math.ceil(g.output[2] / variant.plane);
  const planes = g.batch * (flat ? g.output[0] : Math.ceil(g.output[0] / variant.depth));
  const inputPlanes = flat ? g.batch * ((g.output[0] - 1) * g.stride[0] + g.kernel[0]) : planes;
  const vp = inputPlanes * planeTiles * vc + 64;
  const mp = planes * planeTiles * mc + 64;
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
  });
  return { desc, planes: inputPlanes, threadBytes: scratchPlaces(variant).blocks };
}
