import { createVolume, SegError, type Volume } from '@seg/core';
import {
  type LabelPrediction,
  type PatchPredictor,
  type ScoreSlab,
  type SlidingWindowOptions,
  slidingWindowInference,
  streamScores,
} from '@seg/inference';
import { invertGeometry, LargestChannel } from '@seg/io';
import type { TrainingPlan } from '../plan/training-plan.ts';
import { type PreprocessedImage, preprocessImage } from '../preprocess/preprocessing.ts';

/** What a trained run offers for segmenting images. */
export interface VolumeSegmenter {
  /** The part of a plan that predictions need; `loadRun` gives the whole plan. */
  readonly plan: Pick<TrainingPlan, 'preprocessing' | 'patchSize' | 'mirrorAxes' | 'overlap'>;
  /** One, or the members of an ensemble that share the plan. */
  readonly predictor: PatchPredictor | readonly PatchPredictor[];
  /** Value of each foreground class in label maps; class 0 is 0. */
  readonly labelValues: readonly number[];
}

export interface PredictVolumeOptions {
  /** Axes to mirror for test-time augmentation; default: the plan's. */
  readonly mirrorAxes?: readonly number[];
  /** Default: the plan's. */
  readonly overlap?: number;
  /** Done and total windows. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
}

/**
 * Segments one image: preprocessing, sliding window, and back onto exactly the image's own grid.
 *
 * Where the image had to be resampled, probabilities are brought back and the largest wins; otherwise the labels are. Scores
 * of all classes exist for one window length at a time, never for the whole image.
 *
 * @returns a label map with the values of the data set, uint8 where they fit.
 * @throws SegError `shape-mismatch` for another number of channels, `limit-exceeded` for a spacing too far from the plan's to
 * be meant, `aborted`.
 */
export async function predictVolume(
  run: VolumeSegmenter,
  volume: Volume,
  options: PredictVolumeOptions = {},
): Promise<Volume<Uint8Array | Int32Array>> {
  const { predictor } = run;
  const { image, record } = prepareImage(run, volume);
  const source = { data: image.data, shape: image.shape, channels: image.channels };
  const windows = windowOptions(run, options);
  return labelsOnOwnGrid(
    run,
    volume,
    { image, record },
    {
      stream: async (onSlab) => {
        await streamScores(predictor, source, windows, onSlab);
      },
      labels: () => slidingWindowInference(predictor, source, windows),
    },
  );
}

/** The image as the run's network takes it; throws `shape-mismatch` for another number of channels. */
export function prepareImage({ plan }: VolumeSegmenter, volume: Volume): PreprocessedImage {
  const channels = plan.preprocessing.normalisation.length;
  if (volume.channels !== channels) {
    throw new SegError('shape-mismatch', {
      where: 'predictVolume',
      problem: 'the image has another number of channels than those of the training',
      got: volume.channels,
      expected: channels,
    });
  }
  return preprocessImage(volume, plan.preprocessing, { name: 'predictVolume' });
}

/** How the plan, or the caller in its place, lays windows over the image. */
export function windowOptions({ plan }: VolumeSegmenter, options: PredictVolumeOptions): SlidingWindowOptions {
  const { mirrorAxes = plan.mirrorAxes, overlap = plan.overlap, onProgress, signal } = options;
  return {
    patchSize: plan.patchSize,
    mirrorAxes,
    overlap,
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** What a label map can be made of, on the grid of the preprocessed image. */
export interface ScoreSource {
  /** Hands out probabilities slab by slab, in order. */
  readonly stream: (onSlab: (slab: ScoreSlab) => void) => Promise<void>;
  readonly labels: () => LabelPrediction | Promise<LabelPrediction>;
}

/** The label map on the image's own grid, with the values of the data set; one of the two sources is asked, once. */
export async function labelsOnOwnGrid(
  { predictor, labelValues }: VolumeSegmenter,
  volume: Volume,
  { image, record }: PreprocessedImage,
  source: ScoreSource,
): Promise<Volume<Uint8Array | Int32Array>> {
  const last = record.steps.at(-1);
  let classes: Volume<Uint8Array>;
  if (last?.action.kind === 'resample' && activationOf(predictor) !== 'sigmoid') {
    let largest: LargestChannel | undefined;
    await source.stream((slab) => {
      const { thickSlices } = last.action as { readonly thickSlices: 'auto' | 'never' };
      largest ??= new LargestChannel(image, slab.classes, { axis: slab.axis, shape: last.before.shape, thickSlices });
      largest.add(slab);
    });
    const { shape, spacingMm, affine } = last.before;
    const resampled = createVolume(largest!.result().data, shape, { spacingMm, affine });
    classes = invertGeometry(resampled, { steps: record.steps.slice(0, -1) }, { kind: 'labels' });
  } else {
    const { labels } = await source.labels();
    const { shape, spacingMm, affine } = image;
    classes = invertGeometry(createVolume(labels, shape, { spacingMm, affine }), record, { kind: 'labels' });
  }
  const values = [0, ...labelValues];
  const toValue = (c: number) => values[c]!;
  const fitsBytes = Math.max(...values) < 256;
  const data = fitsBytes ? Uint8Array.from(classes.data, toValue) : Int32Array.from(classes.data, toValue);
  return createVolume<Uint8Array | Int32Array>(data, volume.shape, {
    spacingMm: volume.spacingMm,
    affine: volume.affine,
  });
}

function activationOf(predictor: PatchPredictor | readonly PatchPredictor[]): 'softmax' | 'sigmoid' | undefined {
  const [first] = [predictor].flat() as readonly PatchPredictor[];
  return first?.activation;
}
