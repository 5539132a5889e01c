import { createVolume, type Rng, SegError, type Volume } from '@seg/core';
import { type PatchPredictor, type SampleSink, SampleStatistics, streamSamples } from '@seg/inference';
import { invertGeometry } from '@seg/io';
import type { UncertaintyMeasure } from '@seg/metrics';
import type { PreprocessedImage } from '../preprocess/preprocessing.ts';
import {
  labelsOnOwnGrid,
  type PredictVolumeOptions,
  predictVolume,
  prepareImage,
  type VolumeSegmenter,
  windowOptions,
} from './predict-volume.ts';

export interface PredictEnsembleOptions extends PredictVolumeOptions {
  /** Random draws of each run, such as dropout masks; default: each run predicts once, without randomness. */
  readonly samples?: number;
  /** Where draws come from; it is not advanced. Needed with `samples`. */
  readonly rng?: Rng;
  /** Uncertainty maps that are wanted. Default none. */
  readonly uncertainty?: readonly UncertaintyMeasure[];
  /** Whether mean probabilities are wanted. Default false. */
  readonly probabilities?: boolean;
}

/** A segmentation with what was asked for beside it, all on the image's own grid. */
export interface EnsemblePrediction {
  /** The largest of the mean probabilities, with the values of the data set. */
  readonly labels: Volume<Uint8Array | Int32Array>;
  /** Mean probabilities, one channel a class. */
  readonly probabilities?: Volume<Float32Array>;
  readonly uncertainty: Readonly<Partial<Record<UncertaintyMeasure, Volume<Float32Array>>>>;
  /** How many predictions were averaged. */
  readonly samples: number;
}

/** A run of an ensemble: one network. */
export type EnsembleMember = VolumeSegmenter & { readonly predictor: PatchPredictor };

/**
 * Segments one image with one run or several, and with several draws of each where `samples` says so: every run with its own
 * preprocessing, windows and mirrorings, all draws with the same weight. See `SampleStatistics` for the uncertainty maps.
 *
 * Runs with the same preprocessing, patch and overlap are averaged on the grid of the preprocessed image; where it had to be
 * resampled, mean probabilities and uncertainty maps are brought back linearly. Samples of other runs are brought back first,
 * each by itself, and averaged on the image's own grid.
 *
 * @throws SegError `invalid-argument` for runs that differ in their labels, or measures of disagreement of one prediction;
 * `unsupported` for several samples of a run that is not random; otherwise as `predictVolume`.
 */
export async function predictEnsemble(
  runs: readonly EnsembleMember[],
  volume: Volume,
  options: PredictEnsembleOptions = {},
): Promise<EnsemblePrediction> {
  const first = checkRuns(runs, options);
  const { samples, rng, uncertainty = [], probabilities = false } = options;
  const together = runs.every((run) => slabsOf(run, options) === slabsOf(first, options));
  const sameMirrors = new Set(runs.map((run) => windowOptions(run, options).mirrorAxes?.join())).size === 1;
  if (samples === undefined && uncertainty.length === 0 && !probabilities && together && sameMirrors) {
    // Nothing but the label map: sums of one window length are enough.
    const labels = await predictVolume({ ...first, predictor: runs.map((run) => run.predictor) }, volume, options);
    return { labels, uncertainty: {}, samples: runs.length };
  }
  const statistics = new SampleStatistics({ measures: uncertainty });
  let shared: PreprocessedImage | undefined;
  for (const [i, run] of runs.entries()) {
    const prepared = shared ?? prepareImage(run, volume);
    if (together) shared = prepared;
    const { image } = prepared;
    const { onProgress } = options;
    await streamSamples(
      run.predictor,
      { data: image.data, shape: image.shape, channels: image.channels },
      {
        ...windowOptions(run, options),
        ...(samples === undefined ? {} : { samples }),
        ...(rng === undefined ? {} : { rng: rng.fork(i) }),
        onProgress: ({ done, total }) => onProgress?.({ done: i * total + done, total: runs.length * total }),
      },
      [together ? statistics : ontoOwnGrid(prepared, volume, statistics)],
    );
  }
  return finish(first, volume, shared ?? { image: volume as Volume<Float32Array>, record: { steps: [] } }, statistics, {
    uncertainty,
    probabilities,
  });
}

async function finish(
  run: VolumeSegmenter,
  volume: Volume,
  grid: PreprocessedImage,
  statistics: SampleStatistics,
  wanted: { readonly uncertainty: readonly UncertaintyMeasure[]; readonly probabilities: boolean },
): Promise<EnsemblePrediction> {
  const { shape, spacingMm, affine } = grid.image;
  const back = (data: Float32Array, channels: number) =>
    invertGeometry(createVolume(data, shape, { channels, spacingMm, affine }), grid.record, {
      kind: 'image',
    }) as Volume<Float32Array>;
  const labels = await labelsOnOwnGrid(run, volume, grid, {
    stream: async (onSlab) => {
      for (const slab of statistics.slabs()) onSlab(slab);
    },
    labels: () => statistics.labels(),
  });
  const maps = wanted.uncertainty.map((measure) => [measure, back(statistics.map(measure).values, 1)] as const);
  const result = { labels, uncertainty: Object.fromEntries(maps), samples: statistics.samples };
  if (!wanted.probabilities) return result;
  const { scores, classes } = statistics.mean();
  return { ...result, probabilities: back(scores, classes) };
}

/** A sink that brings every sample onto the image's own grid and hands it on as one slab. */
function ontoOwnGrid({ image, record }: PreprocessedImage, volume: Volume, next: SampleSink): SampleSink {
  let sample = new SampleStatistics();
  return {
    add(slab) {
      sample.add(slab);
      if (slab.start + slab.shape[slab.axis] < image.shape[slab.axis]) return;
      const { scores, classes } = sample.mean();
      sample = new SampleStatistics();
      const { shape, spacingMm, affine } = image;
      const placed = createVolume(scores, shape, { channels: classes, spacingMm, affine });
      const { data } = invertGeometry(placed, record, { kind: 'image' });
      next.add({ ...slab, axis: 0, start: 0, shape: volume.shape, scores: data as Float32Array });
    },
  };
}

/** All that the grid of a run's predictions and their division into slabs depend on. */
function slabsOf(run: VolumeSegmenter, options: PredictVolumeOptions): string {
  const { patchSize, overlap } = windowOptions(run, options);
  return JSON.stringify([run.plan.preprocessing, patchSize, overlap]);
}

function checkRuns(runs: readonly EnsembleMember[], options: PredictEnsembleOptions): EnsembleMember {
  const where = 'predictEnsemble';
  const [first] = runs;
  if (first === undefined) throw new SegError('invalid-argument', { where, problem: 'there must be a run' });
  for (const [i, { labelValues, predictor }] of runs.entries()) {
    if (labelValues.join() !== first.labelValues.join() || predictor.activation !== first.predictor.activation) {
      throw new SegError('invalid-argument', {
        where,
        problem: `run ${i + 1} has other labels than the first`,
        got: { labelValues, activation: predictor.activation },
        expected: { labelValues: first.labelValues, activation: first.predictor.activation },
      });
    }
    if (predictor.sample === undefined && (options.samples ?? 1) > 1) {
      throw new SegError('unsupported', {
        where,
        problem: `run ${i + 1} of ${runs.length} is not random in prediction: all its samples would be the same`,
        got: { samples: options.samples },
        hint: 'Leave samples out, or train a network with dropout.',
      });
    }
  }
  const disagreement = options.uncertainty?.find((measure) => measure !== 'entropy');
  if (disagreement !== undefined && runs.length * (options.samples ?? 1) < 2) {
    throw new SegError('invalid-argument', {
      where,
      problem: `${disagreement} is the disagreement of several predictions, and there is only one`,
      hint: 'Ask for at least two samples, or give several runs.',
    });
  }
  return first;
}
