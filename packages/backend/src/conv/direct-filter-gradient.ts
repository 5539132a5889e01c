import { arrangeLayout, filterLayout, reduceLayout } from '../../assembly/conv/layouts.ts';
import { Arena } from './arena.ts';
import { type ConvContext, partsOf, tileWidth } from './context.ts';
import { gatherPitch } from './direct-convolution.ts';
import { dot, forwardRuns, strides } from './direct-forward.ts';
import { type ConvGeometry, isPointwise, perAxis, roundUp, volumeOf } from './geometry.ts';
import { padded } from './padded-tensor.ts';

/** Addresses of a filter gradient. */
export interface FilterGradientPlaces {
  readonly x: number;
  readonly dy: number;
  readonly dw: number;
}

// Fewer rows than this in a run of taps leave the register tile half empty: their values are gathered.
const fewestRows = 6;
// Output gradients of this many bytes are kept in L1 for all taps.
const gradientBlock = 24 << 10;
// Partial sums in all slices together take at most this much, unless one slice does.
const partialBytes = 8 << 20;
const mostSlices = 8;

/** The gradient for the weights as direct sums, every stride and dilation; slices of rows are summed in order. */
export function directFilterGradient(ctx: ConvContext, g: ConvGeometry, places: FilterGradientPlaces): void {
  const width = tileWidth(ctx);
  if (isPointwise(g) && g.outChannels < width && g.inChannels >= width) transposedGradient(ctx, g, places);
  else sumFilterGradient(ctx, g, places);
}

/** A layer to few classes: the register tile is filled the other way round, as the gradient of the transposed layer. */
function transposedGradient(ctx: ConvContext, g: ConvGeometry, { x, dy, dw }: FilterGradientPlaces): void {
  const arena = new Arena(ctx.runtime);
  const [ci, co] = [g.inChannels, g.outChannels];
  try {
    const transposed = arena.take(4 * ci * co);
    sumFilterGradient(ctx, { ...g, inChannels: co, outChannels: ci }, { x: dy, dy: x, dw: transposed });
    const fields = { w: transposed, dst: dw, pitch: 4 * co, taps: 1, ci: co, co: ci, flip: 1 };
    const desc = arena.descriptor(arrangeLayout, fields);
    ctx.runtime.run('conv', 'arrange', 1, (part, parts) => [desc, part, parts]);
  } finally {
    arena.release();
  }
}

function sumFilterGradient(ctx: ConvContext, g: ConvGeometry, places: FilterGradientPlaces): void {
  const arena = new Arena(ctx.runtime);
  const [ci, co] = [g.inChannels, g.outChannels];
  try {
    const before = perAxis((a) => Math.max(0, g.pad[a]));
    const last = perAxis((a) => (g.output[a] - 1) * g.stride[a] + (g.kernel[a] - 1) * g.dilation[a] - g.pad[a]);
    const after = perAxis((a) => Math.max(0, last[a] - (g.input[a] - 1)));
    const { runs, run } = forwardRuns(g);
    const gather = run < fewestRows && runs.length > 1;
    const x = padded(
      ctx,
      arena,
      g.batch,
      { pointer: places.x, size: g.input, voxel: 4 * ci },
      { before, after, voxel: 4 * ci, always: gather },
    );
    const columns = roundUp(co, tileWidth(ctx));
    const none = [0, 0, 0] as const;
    const dy = padded(
      ctx,
      arena,
      g.batch,
      { pointer: places.dy, size: g.output, voxel: 4 * co },
      { before: none, after: none, voxel: 4 * columns },
    );
    const step = strides(x.size, 4 * ci);
    const start =
      x.pointer +
      dot(
        step,
        perAxis((a) => before[a] - g.pad[a]),
      );
    const weightRows = volumeOf(g.kernel) * ci;
    const sliceBytes = weightRows * columns * 4;
    const outputRows = g.batch * g.output[0] * g.output[1];
    const slices = Math.max(1, Math.min(mostSlices, Math.floor(partialBytes / sliceBytes), outputRows));
    const groups = gather || slices === mostSlices ? 1 : Math.min(runs.length, 9);
    const direct = slices === 1 && columns === co;
    const partial = direct ? places.dw : arena.take(slices * sliceBytes);
    const pitch = gather ? gatherPitch({ offsets: runs.map(() => 0), run }) : 0;
    const desc = arena.descriptor(filterLayout, {
      x: start,
      xn: volumeOf(x.size) * 4 * ci,
      xd: step[0] * g.stride[0],
      xh: step[1] * g.stride[1],
      xw: step[2] * g.stride[2],
      dy: dy.pointer,
      yh: g.output[2] * 4 * columns,
      yw: 4 * columns,
      partial,
      sliceBytes,
      table: arena.words(runs.map((r) => dot(step, r))),
      pitch,
      run: 4 * run,
      cb: 4 * columns,
      n: g.batch,
      od: g.output[0],
      oh: g.output[1],
      ow: g.output[2],
      runs: runs.length,
      rows: run,
      co,
      batchRows: Math.max(1, Math.floor(gradientBlock / (g.output[2] * 4 * columns))),
      slices,
      groups,
    });
    ctx.runtime.run('conv', 'filter', slices * groups, (part, parts) => [desc, part, parts], g.output[2] * pitch + 64);
    if (direct) return;
    const sum = arena.descriptor(reduceLayout, {
      src: partial,
      sliceBytes,
      srcRow: 4 * columns,
      dst: places.dw,
      slices,
      rows: weightRows,
      floats: co,
    });
    ctx.runtime.run('conv', 'reduce', partsOf(Math.ceil(weightRows / 8)), (part, parts) => [sum, part, parts]);
  } finally {
    arena.release();
  }
}
