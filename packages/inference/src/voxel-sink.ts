import { SegError, type Triple } from '@seg/core';
import type { InferenceMode } from './options.ts';

/** A label map: the class of every voxel. */
export interface LabelPrediction {
  /** [D, H, W]. */
  readonly labels: Uint8Array;
  readonly shape: Triple;
  readonly classes: number;
}

/** Scores of every class at every voxel. */
export interface ScorePrediction {
  /** [classes, D, H, W]. */
  readonly scores: Float32Array;
  readonly shape: Triple;
  readonly classes: number;
}

/** Takes the weighted sum of every voxel of the padded volume once and turns it into the result. */
export interface VoxelSink {
  readonly classes: number;
  readonly put: (z: number, y: number, x: number, sums: Float32Array, at: number) => void;
  readonly result: () => LabelPrediction | ScorePrediction;
}

export interface VoxelSinkOptions {
  readonly mode: InferenceMode;
  readonly average: 'probabilities' | 'logits';
  readonly activation: 'softmax' | 'sigmoid';
  /** Sums of the window weights along each axis of the padded volume. */
  readonly totals: readonly Float64Array[];
  /** Voxels of padding before the image along each axis. */
  readonly padding: Triple;
  readonly regionLabels: readonly number[] | undefined;
}

/** @param shape [D, H, W] of the image without padding. */
export function createVoxelSink(shape: Triple, classes: number, options: VoxelSinkOptions): VoxelSink {
  const { padding } = options;
  const [depth, height, width] = shape;
  const write = options.mode === 'argmax' ? labelWriter(shape, classes, options) : scoreWriter(shape, classes, options);
  return {
    classes,
    result: write.result,
    put(z, y, x, sums, at) {
      const [iz, iy, ix] = [z - padding[0], y - padding[1], x - padding[2]];
      if (iz < 0 || iy < 0 || ix < 0 || iz >= depth || iy >= height || ix >= width) return;
      const total = options.totals[0]![z]! * options.totals[1]![y]! * options.totals[2]![x]!;
      write.voxel((iz * height + iy) * width + ix, sums, at, total);
    },
  };
}

interface Writer {
  readonly voxel: (index: number, sums: Float32Array, at: number, total: number) => void;
  readonly result: () => LabelPrediction | ScorePrediction;
}

function labelWriter(shape: Triple, classes: number, options: VoxelSinkOptions): Writer {
  if (classes > 256) {
    throw new SegError('unsupported', {
      where: 'slidingWindowInference',
      problem: 'label maps hold at most 256 classes',
      got: classes,
      hint: 'Use mode "probabilities".',
    });
  }
  const labels = new Uint8Array(shape[0] * shape[1] * shape[2]);
  const result = () => ({ labels, shape, classes });
  if (options.activation === 'softmax') {
    return {
      result,
      voxel(index, sums, at) {
        let best = 0;
        for (let c = 1; c < classes; c++) if (sums[at + c]! > sums[at + best]!) best = c;
        labels[index] = best;
      },
    };
  }
  const regionLabels = options.regionLabels ?? Array.from({ length: classes }, (_, i) => i + 1);
  if (regionLabels.length !== classes) {
    throw new SegError('invalid-argument', {
      where: 'slidingWindowInference',
      problem: 'regionLabels must name one label for each region',
      got: regionLabels,
      expected: classes,
    });
  }
  const threshold = options.average === 'logits' ? 0 : 0.5;
  return {
    result,
    voxel(index, sums, at, total) {
      for (let c = 0; c < classes; c++) if (sums[at + c]! > threshold * total) labels[index] = regionLabels[c]!;
    },
  };
}

function scoreWriter(shape: Triple, classes: number, options: VoxelSinkOptions): Writer {
  const { mode, average, activation } = options;
  const voxels = shape[0] * shape[1] * shape[2];
  const scores = new Float32Array(classes * voxels);
  const finish = mode === 'probabilities' && average === 'logits';
  return {
    result: () => ({ scores, shape, classes }),
    voxel(index, sums, at, total) {
      if (!finish) for (let c = 0; c < classes; c++) scores[c * voxels + index] = sums[at + c]! / total;
      else if (activation === 'sigmoid') {
        for (let c = 0; c < classes; c++) scores[c * voxels + index] = 1 / (1 + Math.exp(-sums[at + c]! / total));
      } else {
        let max = Number.NEGATIVE_INFINITY;
        for (let c = 0; c < classes; c++) max = Math.max(max, sums[at + c]!);
        let sum = 0;
        for (let c = 0; c < classes; c++) sum += Math.exp((sums[at + c]! - max) / total);
        for (let c = 0; c < classes; c++) scores[c * voxels + index] = Math.exp((sums[at + c]! - max) / total) / sum;
      }
    },
  };
}
