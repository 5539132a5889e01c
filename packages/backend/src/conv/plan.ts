import { depthPairs, tilePoints, weightPoints } from '../../assembly/conv/winograd-variants.ts';
import { allAre, type ConvGeometry, perAxis, volumeOf } from './geometry.ts';
import type { WinogradPlan } from './winograd-convolution.ts';
import { tileCount, type VariantId, variantOf } from './winograd-variant.ts';

/**
 * `fast` uses Winograd's method where it applies (errors a few times those of direct sums, and sums of zeros that are not
 * quite zero); `direct` never does.
 */
export type ConvPrecision = 'fast' | 'direct';

/** Winograd's method needs this many channels on both sides to pay for its transforms. */
const fewestChannels = 8;
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
  return blocked(g, g.stride[1] === 2 ? '14s2' : unitStrideVariant(g, convolutionDepth), convolutionAtOnce);
}

/** The plan of a filter gradient; undefined: direct sums. */
export function planFilterGradient(g: ConvGeometry, precision: ConvPrecision): WinogradPlan | undefined {
  if (precision === 'direct' || !winogradApplies(g)) return undefined;
  // With stride 2 there are 9 products for 12 an axis, but over shorter rows: no faster than direct sums.
  if (g.stride[1] !== 1 || fewestTerms(g) < certainTerms) return undefined;
  const plan = blocked(g, unitStrideVariant(g, filterGradientDepth), filterGradientAtOnce);
  const variant = variantOf(plan.variant);
  const gradientBytes = 4 * weightPoints(variant) * g.inChannels * g.outChannels;
  const tiles = tileCount(variant, g.batch, g.output);
  const cached = tiles < manyTiles ? cachedGradientBytes.few : cachedGradientBytes.many;
  if (plan.blockTiles === 0 || depthPairs(variant) === 0 || gradientBytes <= cached) return plan;
  return { ...plan, blockTiles: evenBlocks(tiles, tilesOfStream), pairs: true };
}

/**
 * A gradient of as many products can be expected not to vanish. With fewer, the weights at a kernel's corners often meet
 * nothing but zeros behind a ReLU: their gradient must then be exactly zero, because Adam makes a whole step of the
 * rounding that Winograd's method leaves in its place. Direct sums of so few voxels are about as fast.
 */
const certainTerms = 24;

/** Products of an input and an output gradient in the sum for that tap of a kernel of stride 1 which has the fewest. */
function fewestTerms(g: ConvGeometry): number {
  const alongAxis = perAxis((a) => {
    const last = g.kernel[a] - 1;
    const first = Math.min(g.output[a], g.input[a] + g.pad[a]) - g.pad[a];
    const end = Math.min(g.output[a], g.input[a] + g.pad[a] - last) - Math.max(0, g.pad[a] - last);
    // Taps that lie wholly outside (sizes of 1) are exact in any case.
    return Math.max(1, Math.min(first, end));
  });
  return g.batch * volumeOf(alongAxis);
}

const meanChannels = (g: ConvGeometry) => Math.sqrt(g.inChannels * g.outChannels);

/** Voxels a channel from which tiles are two and four outputs deep: below, volumes are small beside the weights. */
interface DepthFrom {
  readonly two: number;
  readonly four: number;
}

const convolutionDepth: DepthFrom = { two: 12, four: 24 };
const filterGradientDepth: DepthFrom = { two: 2, four: 5 };

function unitStrideVariant(g: ConvGeometry, { two, four }: DepthFrom): VariantId {
  const [d, h, w] = g.output;
  if (Math.min(h, w) < 3) return '12';
  if (applicableVariants(g)[0] !== '44' || d < 3 || meanChannels(g) < 12) return '14';
  const voxelsPerChannel = (g.batch * volumeOf(g.output)) / meanChannels(g);
  return voxelsPerChannel < two ? '14' : voxelsPerChannel < four ? '24' : '44';
}

interface TilesAtOnce {
  /** Up to this many tiles of a volume, or of a plane, are all transformed before the products. */
  readonly volume: number;
  readonly plane: number;
}

const convolutionAtOnce: TilesAtOnce = { volume: 64, plane: 8 };
const filterGradientAtOnce: TilesAtOnce = { volume: 64, plane: 16 };

/** Transformed inputs and outputs of a block that stay in a second-level cache of 1 to 2 MiB while data passes through. */
const blockBytes = 600 << 10;
/** With stride 2 half of that was faster, and more items even out the threads: its blocks are those of one plane. */
const stridedBlockBytes = 320 << 10;
/** Transformed weights larger than this come from further away, so that many tiles should use them. */
const cachedWeightBytes = 2 << 20;
const tilesOfStream = 36;
/**
 * With stride 2 every plane of outputs would read such weights again: up to this many tiles a plane, all tiles of the
 * volume are transformed before the products instead, so that the weights are read once.
 */
const stridedAtOnce = 12;
/**
 * Larger transformed gradients are done in thirds, each of which stays in the second-level cache beside its tiles. But
 * each third reads the tensors once more, which large ones, of many tiles, take from memory.
 */
const cachedGradientBytes = { few: 512 << 10, many: 1 << 20 };
const manyTiles = 1000;
const mostTiles = 120;

function blocked(g: ConvGeometry, id: VariantId, atOnce: TilesAtOnce): WinogradPlan {
  const variant = variantOf(id);
  const tiles = tileCount(variant, g.batch, g.output);
  const flat = variant.depth === 1;
  const slots = flat ? g.kernel[0] : 1;
  const tileBytes = 4 * tilePoints(variant) * (slots * g.inChannels + g.outChannels);
  const weightBytes = 4 * weightPoints(variant) * slots * g.inChannels * g.outChannels;
  const plane = id === '14s2' && weightBytes > cachedWeightBytes ? stridedAtOnce : atOnce.plane;
  if (tiles <= (flat ? plane : atOnce.volume)) return { variant: id, blockTiles: 0 };
  const fitting = (bytes: number) => Math.max(6, Math.min(mostTiles, 6 * Math.round(bytes / tileBytes / 6)));
  if (id === '14s2' && weightBytes <= cachedWeightBytes) return { variant: id, blockTiles: fitting(stridedBlockBytes) };
  const wanted = weightBytes > cachedWeightBytes ? tilesOfStream : fitting(blockBytes);
  return { variant: id, blockTiles: evenBlocks(tiles, wanted) };
}

/** Tiles of a block: a multiple of the register tile's rows near `wanted`, so that blocks come out even. */
function evenBlocks(tiles: number, wanted: number): number {
  const count = Math.max(1, Math.round(tiles / wanted));
  return Math.min(wanted + 12, Math.max(6, Math.ceil(tiles / count / 6) * 6));
}
