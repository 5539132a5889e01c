import { checkOption, SegError, type Triple } from '@seg/core';
import type { Importance } from './window/importance.ts';

export type InferenceMode = 'argmax' | 'probabilities' | 'logits';

export interface SlidingWindowOptions {
  /** [D, H, W] of the windows: as a rule the patch size of the training. Smaller volumes are padded to it. */
  readonly patchSize: Triple;
  /** Part of a window that the next one repeats at least, in [0, 1). Default 0.5. */
  readonly overlap?: number;
  /** Weight of the voxels of a window. Default `gaussian`. */
  readonly importance?: Importance;
  /** Axes (0 = z, 1 = y, 2 = x) mirrored for test-time augmentation: 2^n predictions, averaged. Default none. */
  readonly mirrorAxes?: readonly number[];
  /** Windows predicted at once. Default 1. */
  readonly batchSize?: number;
  /** What windows, mirrorings and ensemble members are averaged as. Default `probabilities`. */
  readonly average?: 'probabilities' | 'logits';
  /** Value of the padding of volumes smaller than a window. Default 0. */
  readonly padValue?: number;
  /** Label of each region (sigmoid), painted in this order where the probability exceeds one half. Default 1, 2, ... */
  readonly regionLabels?: readonly number[];
  readonly onProgress?: (progress: InferenceProgress) => void;
  readonly signal?: AbortSignal;
}

/** Windows times mirrorings that are done, and all there are. */
export interface InferenceProgress {
  readonly done: number;
  readonly total: number;
}

const WHERE = 'slidingWindowInference';

/** Checks the options and fills in their defaults. */
export function resolveOptions(options: SlidingWindowOptions, mode: InferenceMode) {
  const { patchSize, overlap = 0.5, mirrorAxes = [], batchSize = 1, padValue = 0 } = options;
  const importance = checkOption(WHERE, 'importance', options.importance ?? 'gaussian', ['gaussian', 'constant']);
  const average = checkOption(WHERE, 'average', options.average ?? (mode === 'logits' ? 'logits' : 'probabilities'), [
    'probabilities',
    'logits',
  ]);
  if (mode === 'logits' && average !== 'logits') {
    throw invalid('mode "logits" needs average "logits"', { mode, average });
  }
  if (!Array.isArray(patchSize) || patchSize.length !== 3 || !patchSize.every((n) => Number.isInteger(n) && n > 0)) {
    throw invalid('patchSize must be three positive integers (z, y, x)', patchSize);
  }
  if (!(overlap >= 0 && overlap < 1)) throw invalid('overlap must be in [0, 1)', overlap);
  if (!Number.isInteger(batchSize) || batchSize < 1) throw invalid('batchSize must be a positive integer', batchSize);
  if (!mirrorAxes.every((a) => a === 0 || a === 1 || a === 2) || new Set(mirrorAxes).size !== mirrorAxes.length) {
    throw invalid('mirrorAxes must list 0 (z), 1 (y) and 2 (x) at most once', mirrorAxes);
  }
  return { patchSize: patchSize as Triple, overlap, mirrorAxes, batchSize, padValue, importance, average };
}

function invalid(problem: string, got: unknown): SegError {
  return new SegError('invalid-argument', { where: WHERE, problem, got });
}
