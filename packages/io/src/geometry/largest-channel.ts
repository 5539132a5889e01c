import { createVolume, SegError, type Triple, type Volume, voxelCount } from '@seg/core';
import { gridPositions } from './axis-kernel.ts';
import type { Grid } from './grid.ts';
import { axisInterpolations, targetGrid } from './resample.ts';
import { type AxisInterpolations, passOrder, resampleSeparably } from './resample-separably.ts';

export interface LargestChannelOptions {
  /** The axis that the slabs' planes stand on: 0 z, 1 y, 2 x. */
  readonly axis: 0 | 1 | 2;
  /** Sizes (z, y, x) to resample to. */
  readonly shape: Triple;
  /** As in `resample`. Default `never`. */
  readonly thickSlices?: 'auto' | 'never';
}

/** Some planes of all channels. */
export interface ChannelSlab {
  /** [channel][z][y][x] of the slab. */
  readonly scores: Float32Array;
  /** (z, y, x) of the slab: the grid's, but for the axis. */
  readonly shape: Triple;
  /** First plane along the axis. */
  readonly start: number;
}

/**
 * For each voxel of a resampled grid the channel with the largest value, the first of equals, from planes that come one slab
 * after the other: bit for bit what `resample` (linear) of all channels and then the largest gives, without ever holding
 * all channels of the whole volume.
 *
 * @example
 * const largest = new LargestChannel(grid, channels, { axis: 0, shape: [40, 512, 512] });
 * for (const slab of slabs) largest.add(slab);
 * const classes = largest.result();
 */
export class LargestChannel {
  readonly #grid: Grid;
  readonly #target: Grid;
  readonly #channels: number;
  readonly #axis: 0 | 1 | 2;
  readonly #kinds: AxisInterpolations;
  readonly #positions: readonly [Float64Array, Float64Array, Float64Array];
  readonly #labels: Uint8Array;
  #slabs: ChannelSlab[] = [];
  /** Planes that came, and planes of the result that are done. */
  #received = 0;
  #done = 0;

  /** @throws SegError `unsupported` above 256 channels, `limit-exceeded` as `resample`. */
  constructor(grid: Grid, channels: number, options: LargestChannelOptions) {
    const { axis, shape, thickSlices = 'never' } = options;
    if (channels > 256) {
      throw new SegError('unsupported', {
        where: 'LargestChannel',
        problem: 'label maps hold at most 256 classes',
        got: channels,
      });
    }
    this.#grid = grid;
    this.#target = targetGrid(grid, { shape });
    this.#channels = channels;
    this.#axis = axis;
    this.#kinds = axisInterpolations('linear', thickSlices, grid, { shape });
    const positions = (i: 0 | 1 | 2) => gridPositions(grid.shape[i], shape[i]);
    this.#positions = [positions(0), positions(1), positions(2)];
    this.#labels = new Uint8Array(voxelCount(shape));
  }

  /**
   * Takes the next planes.
   *
   * @throws SegError `shape-mismatch` for planes that do not follow the last ones or have other sizes.
   */
  add(slab: ChannelSlab): void {
    const { shape, start, scores } = slab;
    const fits = shape.every((n, i) => i === this.#axis || n === this.#grid.shape[i]);
    if (!fits || start !== this.#received || scores.length !== this.#channels * voxelCount(shape)) {
      throw new SegError('shape-mismatch', {
        where: 'LargestChannel.add',
        problem: 'the slab does not continue the ones before it',
        got: { shape, start, values: scores.length },
        expected: { shape: this.#grid.shape, start: this.#received, channels: this.#channels },
      });
    }
    this.#slabs.push(slab);
    this.#received += shape[this.#axis];
    const all = this.#positions[this.#axis];
    let end = this.#done;
    while (end < all.length && this.#reach(all[end]!)[1] < this.#received) end++;
    if (end > this.#done) this.#finish(this.#done, end);
    this.#done = end;
    const needed = end < all.length ? this.#reach(all[end]!)[0] : Number.POSITIVE_INFINITY;
    this.#slabs = this.#slabs.filter((s) => s.start + s.shape[this.#axis] > needed);
  }

  /** The labels: numbers of channels, from 0. @throws SegError `shape-mismatch` while planes are missing. */
  result(): Volume<Uint8Array> {
    const { shape, spacingMm, affine } = this.#target;
    if (this.#done < shape[this.#axis]) {
      throw new SegError('shape-mismatch', {
        where: 'LargestChannel.result',
        problem: 'planes are missing',
        got: this.#received,
        expected: this.#grid.shape[this.#axis],
      });
    }
    return createVolume(this.#labels, shape, { spacingMm, affine });
  }

  /** First and last plane that a position lies between. */
  #reach(position: number): [number, number] {
    const last = this.#grid.shape[this.#axis] - 1;
    const low = Math.floor(Math.min(last, Math.max(0, position)));
    return [low, Math.min(last, low + 1)];
  }

  /** Labels of the planes `first` up to but not including `end` of the result. */
  #finish(first: number, end: number): void {
    const axis = this.#axis;
    const own = this.#positions[axis].subarray(first, end);
    const from = this.#reach(own[0]!)[0];
    const to = this.#reach(own[own.length - 1]!)[1] + 1;
    const positions = this.#positions.map((p, i) => (i === axis ? own.map((at) => at - from) : p));
    const withAxis = (shape: Triple, n: number) => shape.map((m, i) => (i === axis ? n : m)) as unknown as Triple;
    const part = withAxis(this.#grid.shape, to - from);
    const outer = withAxis(this.#target.shape, end - first);
    const order = passOrder(this.#positions, this.#grid.shape);
    const winner = new Uint8Array(voxelCount(outer));
    let best: Float32Array | undefined;
    for (let c = 0; c < this.#channels; c++) {
      const block = this.#planes(c, from, part);
      const values = resampleSeparably(block, [1, ...part], positions, this.#kinds, order) as Float32Array;
      if (best === undefined) {
        best = values;
        continue;
      }
      for (let i = 0; i < values.length; i++) {
        if (values[i]! <= best[i]!) continue;
        best[i] = values[i]!;
        winner[i] = c;
      }
    }
    copyPlanes(winner, outer, 0, this.#labels, this.#target.shape, first, axis, end - first);
  }

  /** A channel's planes from `from` on, put together out of the slabs. */
  #planes(channel: number, from: number, shape: Triple): Float32Array {
    const axis = this.#axis;
    const block = new Float32Array(voxelCount(shape));
    for (const { scores, shape: own, start } of this.#slabs) {
      const low = Math.max(from, start);
      const count = Math.min(from + shape[axis], start + own[axis]) - low;
      if (count <= 0) continue;
      const size = voxelCount(own);
      const values = scores.subarray(channel * size, (channel + 1) * size);
      copyPlanes(values, own, low - start, block, shape, low - from, axis, count);
    }
    return block;
  }
}

/** Copies `count` planes on an axis from one array to another of the same other sizes. */
function copyPlanes<T extends Float32Array | Uint8Array>(
  source: T,
  sourceShape: Triple,
  sourceStart: number,
  target: T,
  targetShape: Triple,
  targetStart: number,
  axis: 0 | 1 | 2,
  count: number,
): void {
  const outer = sourceShape.slice(0, axis).reduce((a, b) => a * b, 1);
  const inner = sourceShape.slice(axis + 1).reduce((a, b) => a * b, 1);
  for (let o = 0; o < outer; o++) {
    const from = (o * sourceShape[axis] + sourceStart) * inner;
    target.set(source.subarray(from, from + count * inner), (o * targetShape[axis] + targetStart) * inner);
  }
}
