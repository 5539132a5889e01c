import { disposeState, fit, type TrainingCase } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { checkCases } from '../cases/check-cases.ts';
import { readAndDispose, type StyleImage } from '../map/style-model.ts';
import {
  type QualitySentinelOptions,
  qualityInput,
  qualitySentinel,
  qualitySentinelNetwork,
} from './quality-sentinel.ts';
import type { TrainBaselineOptions } from './train-baseline.ts';

/** A trained quality regressor. */
export interface TrainedSentinel {
  /** The Dice that it expects of a mask; about 0 to 1, not clamped. */
  quality(image: StyleImage, mask: Uint8Array): Promise<number>;
  dispose(): void;
}

/**
 * Trains the quality regressor on degraded copies of the cases' own labels.
 *
 * @throws SegError `invalid-argument` without cases, `shape-mismatch` for cases of several grids, and what `fit` throws.
 */
export async function trainSentinel(
  cases: readonly TrainingCase[],
  options: TrainBaselineOptions & QualitySentinelOptions,
): Promise<TrainedSentinel> {
  const { steps, seed = 0, signal, onStep, ...rest } = options;
  checkCases('trainSentinel', cases);
  const settings = { ...rest, imageChannels: cases[0]!.channels };
  const { state } = await fit(qualitySentinel(settings), {
    data: cases,
    budget: { steps },
    seed,
    patchSize: cases[0]!.shape,
    validateEvery: steps,
    ...(signal === undefined ? {} : { signal }),
    ...(onStep === undefined ? {} : { onProgress: ({ step }) => onStep(step) }),
  });
  const network = qualitySentinelNetwork(settings);
  return {
    quality: async (image, mask) => {
      const quality = tf.tidy(() => network.apply(state.groups.network!, qualityInput(image, mask)));
      return (await readAndDispose(quality))[0]!;
    },
    dispose: () => disposeState(state),
  };
}
