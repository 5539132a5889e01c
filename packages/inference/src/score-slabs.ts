import type { Triple } from '@seg/core';
import type { ScoreAccumulator } from './score-accumulator.ts';
import { createVoxelSink, type ScorePrediction, type VoxelSinkOptions } from './voxel-sink.ts';

/** Scores of some planes of an image, which no later window reaches. */
export interface ScoreSlab extends ScorePrediction {
  /** The axis that the planes stand on: 0 z, 1 y, 2 x. */
  readonly axis: 0 | 1 | 2;
  /** First plane; slabs come in order and leave none out. */
  readonly start: number;
}

/** Bytes of scores that are handed out at a time, at least one plane. */
const SLAB_BYTES = 2 ** 25;

/**
 * Turns the sums of a window length into slabs of scores, each in memory of its own.
 *
 * @param shape [D, H, W] of the image without padding.
 */
export function releaseSlabs(
  shape: Triple,
  classes: number,
  axis: 0 | 1 | 2,
  options: VoxelSinkOptions,
  onSlab: (slab: ScoreSlab) => void,
): (accumulator: ScoreAccumulator, first: number, end: number) => void {
  const before = options.padding[axis];
  const planeBytes = (4 * classes * shape[0] * shape[1] * shape[2]) / shape[axis];
  const most = Math.max(1, Math.floor(SLAB_BYTES / planeBytes));
  return (accumulator, first, end) => {
    for (let from = first; from < end; ) {
      const to = Math.min(end, from + most);
      const start = Math.max(0, from - before);
      const count = Math.min(shape[axis], to - before) - start;
      if (count <= 0) accumulator.release(from, to, () => undefined);
      else {
        const part = shape.map((n, i) => (i === axis ? count : n)) as unknown as Triple;
        const padding = options.padding.map((n, i) => (i === axis ? n + start : n)) as unknown as Triple;
        const sink = createVoxelSink(part, classes, { ...options, padding });
        accumulator.release(from, to, sink.put);
        onSlab({ ...(sink.result() as ScorePrediction), axis, start });
      }
      from = to;
    }
  };
}
