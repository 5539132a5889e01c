import { wholeLayout } from '../../assembly/conv/layouts.ts';
import { scratchPlaces, weightPoints } from '../../assembly/conv/winograd-variants.ts';
import { Arena } from './arena.ts';
import { type ConvContext, partsOf } from './context.ts';
import type { FilterGradientPlaces } from './direct-filter-gradient.ts';
import type { ForwardPlaces } from './direct-forward.ts';
import { type ConvGeometry, shapeFields } from './geometry.ts';
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

/**
 * Channels in and out of a part of a filter gradient, whose transformed sums stay in the second-level cache; results are
 * the same for any.
 */
const gradientBlock = { ic: 32, oc: 16 };

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
    const { ic, oc } = gradientBlock;
    const { desc, planes, threadBytes } = wholeDescriptor(arena, g, id, sizes, { x, y, u, us: 0, bias: 0 }, true);
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

/** Planes of tiles, of inputs and of outputs, and tiles of a plane. */
function wholeExtent(g: ConvGeometry, id: VariantId) {
  const variant = variantOf(id);
  const flat = variant.depth === 1;
  const planeTiles = Math.ceil(g.output[1] / variant.plane) * Math.ceil(g.output[2] / variant.plane);
  const outputPlanes = g.batch * (flat ? g.output[0] : Math.ceil(g.output[0] / variant.depth));
  const planes = flat ? g.batch * ((g.output[0] - 1) * g.stride[0] + g.kernel[0]) : outputPlanes;
  return { planes, inputRows: planes * planeTiles, outputRows: outputPlanes * planeTiles };
}

/** Bytes between rows, points and blocks of 16 channels of a transformed tensor, and its size. */
function transformedPlaces(rows: number, points: number, channelBytes: number, blocked: boolean) {
  const row = blocked ? 64 : channelBytes;
  const point = rows * row + 64;
  const size = points * point + 64;
  return blocked
    ? { row, point, block: size, size: size * Math.ceil(channelBytes / 64) }
    : { row, point, block: 64, size };
}

// `blocked`: 16 channels at a time lie together, because a filter gradient reads all tiles of some channels.
function wholeDescriptor(
  arena: Arena,
  g: ConvGeometry,
  id: VariantId,
  sizes: VariantSizes,
  { x, y, u, us, bias }: WholePlaces,
  blocked = false,
) {
  const { vc, mc, points } = sizes;
  const { planes, inputRows, outputRows } = wholeExtent(g, id);
  const v = transformedPlaces(inputRows, points, vc, blocked);
  const m = transformedPlaces(outputRows, points, mc, blocked);
  const desc = arena.descriptor(wholeLayout, {
    ...shapeFields(g),
    x,
    v: arena.take(v.size),
    vp: v.point,
    vc,
    vr: v.row,
    vb: v.block,
    y,
    m: arena.take(m.size),
    mp: m.point,
    mc,
    mr: m.row,
    mb: m.block,
    u,
    us,
    bias,
    ...gradientBlock,
  });
  return { desc, planes, threadBytes: scratchPlaces(variantOf(id)).blocks };
}
