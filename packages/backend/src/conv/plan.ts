import { allAre, type ConvGeometry, volumeOf } from './geometry.ts';
import type { WinogradPlan } from './winograd-convolution.ts';
import { tileCount, type VariantId, variantOf } from './winograd-variant.ts';

/** `fast` uses Winograd's method where it applies (errors a few times those of direct sums); `direct` never does. */
export type ConvPrecision = 'fast' | 'direct';

/** Winograd's method needs this many channels on both sides to pay for its transforms. */
const fewestChannels = 8;
/** Tiles that are all transformed at once, rather than block by block, up to this many. */
const wholeTiles = { convolution: 64, filterGradient: 160 };

/** Whether Winograd's method applies: a kernel of 3x3 in plane and up to 3 planes deep, stride 1 or 2 in plane. */
export function winogradApplies(g: ConvGeometry): boolean {
  return (
    allAre(g.dilation, 1) &&
    g.kernel[0] <= 3 &&
    g.kernel[1] === 3 &&
    g.kernel[2] === 3 &&
    g.stride[1] === g.stride[2] &&
    g.stride[1] <= 2 &&
    Math.min(g.inChannels, g.outChannels) >= fewestChannels
  );
}

/** The variants that apply to a shape for which `winogradApplies`, best for large volumes first. */
export function applicableVariants(g: ConvGeometry): readonly VariantId[] {
  if (g.stride[1] === 2) return ['14s2'];
  return g.kernel[0] === 3 && g.stride[0] === 1 ? ['44', '24', '14', '22', '12'] : ['14', '12'];
}

/**
 * The plan of a forward pass (or, on the adjoint geometry, an input gradient); undefined: direct sums.
 *
 * More outputs a tile need fewer products, but larger transforms and more transformed weights: few channels are bound
 * by the transforms, small volumes by the weights.
 */
export function planConvolution(g: ConvGeometry, precision: ConvPrecision): WinogradPlan | undefined {
  if (precision === 'direct' || !winogradApplies(g)) return undefined;
  const [d, h, w] = g.output;
  const voxels = g.batch * volumeOf(g.output);
  const channels = Math.sqrt(g.inChannels * g.outChannels);
  const variants = applicableVariants(g);
  if (variants[0] === '14s2') return blocked(g, '14s2', wholeTiles.convolution);
  if (Math.min(h, w) < 3) return blocked(g, '12', wholeTiles.convolution);
  if (variants[0] !== '44' || d < 3 || channels <= 20) return blocked(g, '14', wholeTiles.convolution);
  return blocked(g, voxels < 8 * channels ? '24' : '44', wholeTiles.convolution);
}

/** The plan of a filter gradient; undefined: direct sums. */
export function planFilterGradient(g: ConvGeometry, precision: ConvPrecision): WinogradPlan | undefined {
  if (precision === 'direct' || !winogradApplies(g)) return undefined;
  const [d, h, w] = g.output;
  const voxels = g.batch * volumeOf(g.output);
  const channels = Math.sqrt(g.inChannels * g.outChannels);
  const variants = applicableVariants(g);
  if (variants[0] === '14s2') return blocked(g, '14s2', wholeTiles.filterGradient);
  if (Math.min(h, w) < 3) return blocked(g, '12', wholeTiles.filterGradient);
  if (variants[0] !== '44' || d < 3) return blocked(g, '14', wholeTiles.filterGradient);
  return blocked(g, voxels < 8 * channels ? '24' : '44', wholeTiles.filterGradient);
}

function blocked(g: ConvGeometry, id: VariantId, whole: number): WinogradPlan {
  const variant = variantOf(id);
  const tiles = tileCount(variant, g.batch, g.output);
  const volumeTiles = variant.depth === 1 ? (tiles * g.batch * g.output[0]) / 4 : tiles;
  if (volumeTiles <= whole) return { variant: id, blockTiles: 0 };
  return { variant: id, blockTiles: evenBlocks(tiles, Math.max(g.inChannels, g.outChannels) <= 32 ? 48 : 24) };
}

/** Tiles of a block: a multiple of the register tile's rows near `wanted`, so that blocks come out even. */
function evenBlocks(tiles: number, wanted: number): number {
  const count = Math.max(1, Math.round(tiles / wanted));
  return Math.min(wanted + 12, Math.max(6, Math.ceil(tiles / count / 6) * 6));
}
