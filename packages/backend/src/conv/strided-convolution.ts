import { filterBackLayout, weightsLayout, winogradLayout } from '../../assembly/conv/layouts.ts';
import { stridedPlaces } from '../../assembly/conv/strided-places.ts';
import { Arena } from './arena.ts';
import { type ConvContext, partsOf, tileWidth, transformBytes } from './context.ts';
import type { FilterGradientPlaces } from './direct-filter-gradient.ts';
import type { InputGradientPlaces } from './direct-input-gradient.ts';
import {
  allAre,
  type ConvGeometry,
  perAxis,
  roundUp,
  type Size3,
  shapeFields,
  volumeOf,
  weightKind,
} from './geometry.ts';
import { arrangedWeights } from './winograd-convolution.ts';

/** Tiles of a block: with few channels, with many. */
const wantedTiles = { few: 24, many: 16 };
// Winograd's method needs this many channels on both sides to pay for its transforms.
const fewestChannels = 8;
// Below it the transform of the weights rules, and there is nothing to share out.
const fewestTiles = 32;
// Slices of a filter gradient that do all of its points.
const slices = 8;
// Larger transformed filter gradients are done one after the other along the depth, as a part each of fewer slices, so
// that each stays in the second-level cache.
const cachedGradientBytes = 512 << 10;
const parted = { slices: 2, segments: 4, blockBytes: 1 << 20 };
const points = 81;
const weightPoints = 36;

/** Whether the gradients of a shape can be had by Winograd's method for stride 2 in all three axes. */
export function stridedApplies(g: ConvGeometry): boolean {
  return (
    allAre(g.kernel, 3) &&
    allAre(g.stride, 2) &&
    allAre(g.dilation, 1) &&
    Math.min(g.inChannels, g.outChannels) >= fewestChannels
  );
}

/** Whether it pays: there are enough tiles of 2 x 4 x 4 outputs. */
export const stridedPays = (g: ConvGeometry): boolean =>
  stridedApplies(g) && tileCount(g.batch, g.output, outputTile) >= fewestTiles;

type Cut = Size3;
const outputTile: Cut = [2, 4, 4];
const inputTile: Cut = [4, 8, 8];

const tileCount = (batch: number, size: Size3, tile: Cut) =>
  batch * volumeOf(perAxis((a) => Math.ceil(size[a] / tile[a])));

/** The input gradient of a convolution to which `stridedApplies`. */
export function stridedInputGradient(
  ctx: ConvContext,
  g: ConvGeometry,
  { dy, dx, weights, weightKey }: InputGradientPlaces,
): void {
  const adjoint = { ...g, input: g.output, output: g.input, inChannels: g.outChannels, outChannels: g.inChannels };
  // Tiles begin one voxel before the first where the padding is even.
  const size = perAxis((a) => g.input[a] + (g.pad[a] % 2 === 0 ? 1 : 0));
  const tiles = tileCount(g.batch, size, inputTile);
  const sizes = sizesOf(ctx, adjoint);
  const us = 5 * g.outChannels * sizes.mc + 64;
  const arena = new Arena(ctx.runtime);
  try {
    const fill = (u: number) => transformWeights(ctx, arena, adjoint, weights, { pitch: sizes.mc, us, u });
    ctx.weights.with(weightKey, weightKind('strided', adjoint), weightPoints * us, fill, (u) => {
      const tb = blockTiles(g, tiles);
      const fields = { ...descriptor(adjoint, sizes, tb), x: dy, y: dx, u, us, bias: 0, sliceBytes: 0 };
      const desc = arena.descriptor(winogradLayout, fields);
      const parts = partsOf(Math.ceil(tiles / tb));
      ctx.runtime.run('conv', 'gradients2', parts, (p, q) => [desc, p, q], threadBytes(sizes, tb, [4, 5]));
    });
  } finally {
    arena.release();
  }
}

/** The filter gradient of such a convolution; slices of the tiles are summed in order. */
export function stridedFilterGradient(ctx: ConvContext, g: ConvGeometry, { x, dy, dw }: FilterGradientPlaces): void {
  const sizes = sizesOf(ctx, g);
  const us = g.inChannels * sizes.mc + 64;
  const sliceBytes = 4 * weightPoints * us;
  const tiles = tileCount(g.batch, g.output, outputTile);
  const whole = sliceBytes <= cachedGradientBytes;
  const tileBytes = points * (sizes.vc + sizes.mc);
  const tb = whole ? blockTiles(g, tiles) : tilesOfBlock(tiles, Math.max(6, parted.blockBytes / tileBytes));
  const [count, segments] = whole ? [slices, 1] : [parted.slices, parted.segments];
  const arena = new Arena(ctx.runtime);
  try {
    const du = arena.take(count * sliceBytes);
    const desc = arena.descriptor(winogradLayout, {
      ...descriptor(g, sizes, tb),
      x,
      y: dy,
      u: du,
      us,
      bias: 0,
      sliceBytes,
      segments,
    });
    ctx.runtime.run(
      'conv',
      'filters2',
      count * segments,
      (p, q) => [desc, p, q],
      threadBytes(sizes, tb, whole ? [5, 3] : [1, 1]),
    );
    const back = arena.descriptor(filterBackLayout, {
      du,
      us,
      sliceBytes,
      row: sizes.mc,
      dw,
      slices: count,
      ci: g.inChannels,
      co: g.outChannels,
      kd: 3,
    });
    ctx.runtime.run('conv', 'filterbacks', partsOf(g.inChannels), (p, q) => [back, p, q], stridedPlaces.blocks);
  } finally {
    arena.release();
  }
}

interface Sizes {
  /** Bytes a tile of transformed inputs, of transformed outputs. */
  readonly vc: number;
  readonly mc: number;
}

const sizesOf = (ctx: ConvContext, g: ConvGeometry): Sizes => ({
  vc: roundUp(4 * g.inChannels, transformBytes(ctx)),
  mc: 4 * roundUp(g.outChannels, tileWidth(ctx)),
});

const threadBytes = ({ vc, mc }: Sizes, tb: number, [inputs, outputs]: readonly [number, number]) =>
  stridedPlaces.blocks + points * (inputs * (tb * vc + 64) + outputs * (tb * mc + 64)) + 64;

const blockTiles = (g: ConvGeometry, tiles: number): number =>
  tilesOfBlock(tiles, Math.max(g.inChannels, g.outChannels) <= 32 ? wantedTiles.few : wantedTiles.many);

/** Tiles of a block near the wanted number; the number of blocks is a multiple of 4, so that threads get even shares. */
const tilesOfBlock = (tiles: number, wanted: number): number =>
  Math.ceil(tiles / (4 * Math.max(1, Math.round(tiles / wanted / 4))));

/** What a kernel is told of the shape; the spatial sizes are those of its inputs and outputs. */
function descriptor(g: ConvGeometry, { vc, mc }: Sizes, tb: number) {
  return {
    ...shapeFields(g),
    vc,
    mc,
    tb,
    segments: 1,
  };
}

interface WeightsTarget {
  /** Bytes of a row of output channels. */
  readonly pitch: number;
  readonly us: number;
  readonly u: number;
}

function transformWeights(
  ctx: ConvContext,
  arena: Arena,
  g: ConvGeometry,
  weights: number,
  { pitch, us, u }: WeightsTarget,
): void {
  const w = arrangedWeights(ctx, arena, g, { weights, pitch, flip: true });
  const desc = arena.descriptor(weightsLayout, { w, pitch, u, us, ci: g.inChannels, co: pitch / 4, kd: 3 });
  const items = (pitch / 4 / tileWidth(ctx)) * g.inChannels;
  ctx.runtime.run('conv', 'weightss2', partsOf(items), (p, q) => [desc, p, q], stridedPlaces.blocks);
}
