export type { InferenceImage } from './image.ts';
export type { InferenceMode, InferenceProgress, SlidingWindowOptions } from './options.ts';
export { type NetworkPredictorOptions, networkPredictor, type PatchPredictor } from './predictor.ts';
export type { ScoreSlab } from './score-slabs.ts';
export { slidingWindowInference, streamScores } from './sliding-window-inference.ts';
export type { LabelPrediction, ScorePrediction } from './voxel-sink.ts';
export { type Importance, importanceProfile } from './window/importance.ts';
export { windowStarts } from './window/window-starts.ts';
