import { checkOption, nextTask, SegError, type Triple } from '@seg/core';
import type * as tf from '@tensorflow/tfjs-core';
import { copyWindow, type InferenceImage, readImage, type SourceImage } from './image.ts';
import { type InferenceMode, resolveOptions, type SlidingWindowOptions } from './options.ts';
import { predictBatch } from './predict-batch.ts';
import type { PatchPredictor, PredictorDraw } from './predictor.ts';
import { rollingAxisOf, ScoreAccumulator } from './score-accumulator.ts';
import { releaseSlabs, type ScoreSlab } from './score-slabs.ts';
import { createVoxelSink, type LabelPrediction, type ScorePrediction, type VoxelSinkOptions } from './voxel-sink.ts';
import { importanceProfile } from './window/importance.ts';
import { flipsOf, windowJobs } from './window/window-jobs.ts';
import { windowStarts } from './window/window-starts.ts';

const WHERE = 'slidingWindowInference';

/**
 * Segments a volume of any size window by window (nnU-Net's placement and Gaussian weights), with optional mirroring
 * and ensembling.
 *
 * With mode `argmax` (default) the scores of all classes never exist for the whole volume: they are kept for one window
 * length along the axis where that saves most, and each voxel gets its label as soon as no further window can reach it
 * (see `ScoreAccumulator`). The labels equal those of the full average. Modes `probabilities` and `logits` return
 * 4 * classes bytes a voxel.
 *
 * @param predictor one predictor, or several whose outputs are averaged (an ensemble).
 * @param image [C, D, H, W] voxels, or a tensor [D, H, W, C] or [1, D, H, W, C] (not disposed).
 * @throws SegError `aborted` when the signal fires between two batches; `shape-mismatch`, `invalid-argument`.
 */
export async function slidingWindowInference(
  predictor: PatchPredictor | readonly PatchPredictor[],
  image: InferenceImage | tf.Tensor,
  options: SlidingWindowOptions & { readonly mode?: 'argmax' },
): Promise<LabelPrediction>;
export async function slidingWindowInference(
  predictor: PatchPredictor | readonly PatchPredictor[],
  image: InferenceImage | tf.Tensor,
  options: SlidingWindowOptions & { readonly mode: 'probabilities' | 'logits' },
): Promise<ScorePrediction>;
export async function slidingWindowInference(
  predictor: PatchPredictor | readonly PatchPredictor[],
  image: InferenceImage | tf.Tensor,
  options: SlidingWindowOptions & { readonly mode?: InferenceMode },
): Promise<LabelPrediction | ScorePrediction> {
  const mode = checkOption(WHERE, 'mode', options.mode ?? 'argmax', ['argmax', 'probabilities', 'logits']);
  return inferWindows<LabelPrediction | ScorePrediction>(
    asList(predictor),
    await readImage(image),
    options,
    mode,
    (shape, classes, _axis, sinkOptions) => {
      const sink = createVoxelSink(shape, classes, sinkOptions);
      return {
        classes,
        release: (accumulator, first, end) => accumulator.release(first, end, sink.put),
        result: sink.result,
      };
    },
  );
}

/**
 * `slidingWindowInference` with mode `probabilities`, handing out the scores slab by slab as soon as no further window can
 * reach them: the scores of all classes never exist for the whole volume (see `ScoreAccumulator`).
 *
 * @param onSlab takes each slab; their planes stand on one axis, come in order and leave none out.
 * @returns the image's shape and the number of classes.
 * @throws SegError as `slidingWindowInference`.
 */
export async function streamScores(
  predictor: PatchPredictor | readonly PatchPredictor[],
  image: InferenceImage | tf.Tensor,
  options: SlidingWindowOptions,
  onSlab: (slab: ScoreSlab) => void,
): Promise<{ readonly shape: Triple; readonly classes: number }> {
  return inferSlabs(asList(predictor), await readImage(image), options, onSlab);
}

/** `streamScores` of an image that is in memory. */
export function inferSlabs(
  predictors: readonly PredictorDraw[],
  source: SourceImage,
  options: SlidingWindowOptions,
  onSlab: (slab: ScoreSlab) => void,
): Promise<{ readonly shape: Triple; readonly classes: number }> {
  return inferWindows(predictors, source, options, 'probabilities', (shape, classes, axis, sinkOptions) => ({
    classes,
    release: releaseSlabs(shape, classes, axis, sinkOptions, onSlab),
    result: () => ({ shape, classes }),
  }));
}

/** One predictor, or the members of an ensemble, as a list. */
export function asList(predictor: PatchPredictor | readonly PatchPredictor[]): readonly PatchPredictor[] {
  return Array.isArray(predictor) ? predictor : [predictor as PatchPredictor];
}

/** Takes sums that no further window reaches. */
interface Target<R> {
  readonly classes: number;
  readonly release: (accumulator: ScoreAccumulator, first: number, end: number) => void;
  readonly result: () => R;
}

/** Predicts all windows; the target is made once the number of classes is known. */
async function inferWindows<R>(
  predictors: readonly PredictorDraw[],
  source: SourceImage,
  options: SlidingWindowOptions,
  mode: InferenceMode,
  makeTarget: (shape: Triple, classes: number, rollingAxis: 0 | 1 | 2, options: VoxelSinkOptions) => Target<R>,
): Promise<R> {
  const resolved = resolveOptions(options, mode);
  const { patchSize, overlap, mirrorAxes, batchSize, padValue, importance, average } = resolved;
  const { onProgress, signal } = options;
  const activation = commonActivation(predictors, average);

  const padded = source.shape.map((n, i) => Math.max(n, patchSize[i]!)) as unknown as Triple;
  const padding = source.shape.map((n, i) => Math.floor((padded[i]! - n) / 2)) as unknown as Triple;
  const starts = padded.map((n, i) => windowStarts(n, patchSize[i]!, overlap));
  const single = starts.every((list) => list.length === 1);
  const profiles = patchSize.map((n) => importanceProfile(n, single ? 'constant' : importance));

  const rollingAxis = rollingAxisOf(padded, patchSize);
  let state: { readonly accumulator: ScoreAccumulator; readonly target: Target<R> } | undefined;
  const begin = (classes: number) => {
    const totals = starts.map((list, i) => weightTotals(padded[i]!, list, profiles[i]!));
    const sinkOptions = { totals, padding, average, activation, mode, regionLabels: options.regionLabels };
    return {
      accumulator: new ScoreAccumulator(padded, patchSize, classes),
      target: makeTarget(source.shape, classes, rollingAxis, sinkOptions),
    };
  };

  const jobs = windowJobs(starts, rollingAxis, flipsOf(mirrorAxes));
  const weight = (1 / predictors.length) * 2 ** -mirrorAxes.length;
  const inputLength = patchSize[0] * patchSize[1] * patchSize[2] * source.channels;
  let released = 0;
  for (let first = 0; first < jobs.length; first += batchSize) {
    if (signal?.aborted) throw aborted(signal);
    const batch = jobs.slice(first, first + batchSize);
    const input = new Float32Array(batch.length * inputLength);
    for (const [i, { start, flips }] of batch.entries()) {
      const inImage = start.map((s, axis) => s - padding[axis]!) as unknown as Triple;
      copyWindow(source, inImage, patchSize, flips, padValue, input.subarray(i * inputLength, (i + 1) * inputLength));
    }
    const outputs: Float32Array[] = [];
    for (const member of predictors) {
      const shape = [batch.length, ...patchSize, source.channels] as [number, number, number, number, number];
      const { scores, classes } = await predictBatch(member, input, shape, average);
      state ??= begin(classes);
      if (classes !== state.target.classes) {
        throw new SegError('shape-mismatch', {
          where: WHERE,
          problem: 'the members of the ensemble differ in their number of classes',
          got: classes,
          expected: state.target.classes,
        });
      }
      outputs.push(scores);
    }
    for (const [i, { start, flips }] of batch.entries()) {
      const reached = start[rollingAxis]!;
      if (reached > released) state!.target.release(state!.accumulator, released, reached);
      released = reached;
      for (const scores of outputs) {
        state!.accumulator.add(scores, (i * scores.length) / batch.length, start, flips, profiles, weight);
      }
    }
    onProgress?.({ done: Math.min(jobs.length, first + batchSize), total: jobs.length });
    await nextTask();
  }
  const { accumulator, target } = state!;
  target.release(accumulator, released, padded[rollingAxis]!);
  return target.result();
}

/** Activation that all members share; members that return probabilities cannot be averaged as logits. */
export function commonActivation(predictors: readonly PredictorDraw[], average: 'probabilities' | 'logits') {
  const activations = new Set(predictors.map(({ activation = 'softmax' }) => activation));
  const [activation] = activations;
  if (activation === undefined || activations.size > 1) {
    throw new SegError('invalid-argument', {
      where: WHERE,
      problem: 'an ensemble needs at least one member, all with the same activation',
      got: [...activations],
    });
  }
  if (average === 'logits' && predictors.some(({ output }) => output === 'probabilities')) {
    throw new SegError('invalid-argument', {
      where: WHERE,
      problem: 'a predictor that returns probabilities cannot be averaged as logits',
      hint: 'Use average "probabilities".',
    });
  }
  return activation;
}

/** Sum over the windows of their weights at each voxel of one axis; the weight of a voxel is the product of three. */
function weightTotals(size: number, starts: readonly number[], profile: Float64Array): Float64Array {
  const totals = new Float64Array(size);
  for (const start of starts) for (let i = 0; i < profile.length; i++) totals[start + i]! += profile[i]!;
  return totals;
}

function aborted(signal: AbortSignal): SegError {
  return new SegError('aborted', { where: WHERE, problem: 'aborted by the caller', cause: signal.reason });
}
