import { type Rng, SegError, type Triple } from '@seg/core';
import type * as tf from '@tensorflow/tfjs-core';
import { type InferenceImage, readImage } from './image.ts';
import { resolveOptions, type SlidingWindowOptions } from './options.ts';
import type { PatchPredictor, PredictorDraw } from './predictor.ts';
import type { SampleSink } from './sample-sink.ts';
import { asList, commonActivation, inferSlabs } from './sliding-window-inference.ts';

const WHERE = 'streamSamples';

export interface SamplingOptions {
  /**
   * Draws of every predictor (`PatchPredictor.sample`), each of which holds for all windows and mirrorings of the image.
   * Default: each predictor predicts once, without randomness.
   */
  readonly samples?: number;
  /** Where draws come from; it is not advanced. Draw t of predictor m is a function of its state, m and t alone. */
  readonly rng?: Rng;
}

/**
 * Predicts a volume several times, once for each draw of each predictor, and shows every sample's probabilities to the
 * sinks. Windows, mirrorings and weights are those of `slidingWindowInference`; memory does not grow with the number of
 * samples, for one sample at a time is predicted, slab by slab.
 *
 * The samples do not depend on `batchSize`, nor on how many there are.
 *
 * @param predictor one predictor, or several: the members of an ensemble.
 * @param image [C, D, H, W] voxels, or a tensor [D, H, W, C] or [1, D, H, W, C] (not disposed).
 * @returns the image's shape, the number of classes, and how many samples the sinks saw.
 * @throws SegError `unsupported` for more than one sample of a predictor that is not random; otherwise as
 * `slidingWindowInference`.
 *
 * @example
 * const statistics = new SampleStatistics({ measures: ['mutualInformation'] });
 * await streamSamples(predictor, image, { patchSize, samples: 20, rng: Rng.fromSeed(1) }, [statistics]);
 * const map = statistics.map('mutualInformation');
 */
export async function streamSamples(
  predictor: PatchPredictor | readonly PatchPredictor[],
  image: InferenceImage | tf.Tensor,
  options: SlidingWindowOptions & SamplingOptions,
  sinks: readonly SampleSink[],
): Promise<{ readonly shape: Triple; readonly classes: number; readonly samples: number }> {
  const predictors = asList(predictor);
  const activation = commonActivation(predictors, resolveOptions(options, 'probabilities').average);
  const draws = drawsOf(predictors, options);
  const source = await readImage(image);
  const { onProgress } = options;
  let known: { readonly shape: Triple; readonly classes: number } | undefined;
  for (const [sample, draw] of draws.entries()) {
    const progress: SlidingWindowOptions['onProgress'] = ({ done, total }) =>
      onProgress?.({ done: sample * total + done, total: draws.length * total });
    const { predictor: member, dispose } = draw();
    try {
      known = await inferSlabs([member], source, { ...options, onProgress: progress }, (slab) => {
        if (slab.classes !== (known?.classes ?? slab.classes)) throw otherClasses(slab.classes, known!.classes);
        for (const sink of sinks) sink.add({ ...slab, sample, samples: draws.length, activation });
      });
    } finally {
      dispose();
    }
  }
  return { ...known!, samples: draws.length };
}

/** What one sample is predicted with; `dispose` frees what was made for it alone. */
interface SampledPredictor {
  readonly predictor: PredictorDraw;
  readonly dispose: () => void;
}

/** What makes each sample, in order: the draws of the first predictor, of the second, ... */
function drawsOf(
  predictors: readonly PatchPredictor[],
  { samples, rng }: SamplingOptions,
): readonly (() => SampledPredictor)[] {
  const plain = (predictor: PatchPredictor) => (): SampledPredictor => ({ predictor, dispose: () => undefined });
  if (samples === undefined) return predictors.map(plain);
  if (!Number.isSafeInteger(samples) || samples < 1) {
    throw new SegError('invalid-argument', {
      where: WHERE,
      problem: 'samples must be a whole number of at least 1',
      got: samples,
    });
  }
  return predictors.flatMap((predictor, m) => {
    if (predictor.sample === undefined) {
      if (samples === 1) return [plain(predictor)];
      throw new SegError('unsupported', {
        where: WHERE,
        problem: `predictor ${m + 1} of ${predictors.length} is not random: all its samples would be the same`,
        got: { samples },
        expected: 'a predictor with `sample`, such as that of a network with dropout',
        hint: 'Leave samples out, or train a network with dropout.',
      });
    }
    if (rng === undefined) {
      throw new SegError('invalid-argument', {
        where: WHERE,
        problem: 'samples of a random predictor need an rng',
        hint: 'Pass rng: Rng.fromSeed(seed).',
      });
    }
    const stream = rng.fork(m);
    return Array.from({ length: samples }, (_, t) => (): SampledPredictor => {
      const draw = predictor.sample!(stream.fork(t));
      return { predictor: draw, dispose: () => draw.dispose?.() };
    });
  });
}

function otherClasses(got: number, expected: number): SegError {
  return new SegError('shape-mismatch', {
    where: WHERE,
    problem: 'the members of the ensemble differ in their number of classes',
    got,
    expected,
  });
}
