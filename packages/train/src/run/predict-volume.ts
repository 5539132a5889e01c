import { createVolume, SegError, type Volume } from '@seg/core';
import { type PatchPredictor, slidingWindowInference, streamScores } from '@seg/inference';
import { invertGeometry, LargestChannel } from '@seg/io';
import type { TrainingPlan } from '../plan/training-plan.ts';
import { preprocessImage } from '../preprocess/preprocessing.ts';

/** What a trained run offers for segmenting images. */
export interface VolumeSegmenter {
  /** The part of a plan that predictions need; `loadRun` gives the whole plan. */
  readonly plan: Pick<TrainingPlan, 'preprocessing' | 'patchSize' | 'mirrorAxes' | 'overlap'>;
  readonly predictor: PatchPredictor;
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
  { plan, predictor, labelValues }: VolumeSegmenter,
  volume: Volume,
  options: PredictVolumeOptions = {},
): Promise<Volume<Uint8Array | Int32Array>> {
  const channels = plan.preprocessing.normalisation.length;
  if (volume.channels !== channels) {
    throw new SegError('shape-mismatch', {
      where: 'predictVolume',
      problem: 'the image has another number of channels than those of the training',
      got: volume.channels,
      expected: channels,
    });
  }
  const { image, record } = preprocessImage(volume, plan.preprocessing, { name: 'predictVolume' });
  const { mirrorAxes = plan.mirrorAxes, overlap = plan.overlap, onProgress, signal } = options;
  const source = { data: image.data, shape: image.shape, channels };
  const common = {
    patchSize: plan.patchSize,
    mirrorAxes,
    overlap,
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  };
  const last = record.steps.at(-1);
  let classes: Volume<Uint8Array>;
  if (last?.action.kind === 'resample' && predictor.activation !== 'sigmoid') {
    let largest: LargestChannel | undefined;
    await streamScores(predictor, source, common, (slab) => {
      const { thickSlices } = last.action as { readonly thickSlices: 'auto' | 'never' };
      largest ??= new LargestChannel(image, slab.classes, { axis: slab.axis, shape: last.before.shape, thickSlices });
      largest.add(slab);
    });
    const { shape, spacingMm, affine } = last.before;
    const resampled = createVolume(largest!.result().data, shape, { spacingMm, affine });
    classes = invertGeometry(resampled, { steps: record.steps.slice(0, -1) }, { kind: 'labels' });
  } else {
    const { labels } = await slidingWindowInference(predictor, source, common);
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
