import type { PatchPredictor } from '@seg/inference';
import { disposeState, evaluationGroups, fit, type Method, type TrainingCase } from '@seg/train';
import { checkCases } from '../cases/check-cases.ts';
import { foregroundMask, foregroundProbability, type StyleImage, toTensor } from '../map/style-model.ts';

export interface TrainBaselineOptions {
  readonly steps: number;
  /** Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: number) => void;
}

/** A trained network that segments images of the working grid. */
export interface TrainedBaseline {
  /** Foreground probability of every voxel. */
  probabilities(image: StyleImage): Promise<Float32Array>;
  /** Foreground (probability at least 0.5) of every voxel. */
  segment(image: StyleImage): Promise<Uint8Array>;
  /** Steps that were done; fewer than asked for where the signal fired. */
  readonly steps: number;
  dispose(): void;
}

/**
 * Trains a method on cases of one grid, each whole, and keeps what it takes to segment.
 *
 * @throws SegError `invalid-argument` without cases, `shape-mismatch` for cases of several grids, and what `fit` throws.
 */
export async function trainBaseline<G extends string, S extends string, State>(
  method: Method<G, S, State>,
  cases: readonly TrainingCase[],
  options: TrainBaselineOptions,
): Promise<TrainedBaseline> {
  const { steps, seed = 0, signal, onStep } = options;
  checkCases('trainBaseline', cases);
  const { state } = await fit(method, {
    data: cases,
    budget: { steps },
    seed,
    patchSize: cases[0]!.shape,
    foregroundFraction: 0,
    ...(signal === undefined ? {} : { signal }),
    ...(onStep === undefined ? {} : { onProgress: ({ step }) => onStep(step) }),
  });
  const predictor = (method as unknown as { predictor(groups: unknown): PatchPredictor }).predictor(
    evaluationGroups(state),
  );
  const probabilities = (image: StyleImage) => foregroundProbability(() => predictor.apply(toTensor(image)));
  return {
    probabilities,
    segment: async (image) => foregroundMask(await probabilities(image)),
    steps: state.step,
    dispose: () => disposeState(state),
  };
}
