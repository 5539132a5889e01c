export type { InferenceImage } from './image.ts';
export type { InferenceMode, InferenceProgress, SlidingWindowOptions } from './options.ts';
export {
  type NetworkPredictorOptions,
  networkPredictor,
  type PatchPredictor,
  type PredictorDraw,
} from './predictor.ts';
export type { SampleSink, SampleSlab } from './sample-sink.ts';
export { SampleStatistics, type SampleStatisticsOptions, type UncertaintyMap } from './sample-statistics.ts';
export type { ScoreSlab } from './score-slabs.ts';
export { slidingWindowInference, streamScores } from './sliding-window-inference.ts';
export { type SamplingOptions, streamSamples } from './stream-samples.ts';
export type { LabelPrediction, ScorePrediction } from './voxel-sink.ts';
export { type Importance, importanceProfile } from './window/importance.ts';
export { windowStarts } from './window/window-starts.ts';
