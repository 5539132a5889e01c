export { IGNORED_CLASS } from './data/cut-patch.ts';
export { inlineLoader, type LoadedSample, type SampleLoader, SampleMaker } from './data/sample-loader.ts';
export type { SampleRequest } from './data/sampler.ts';
export { type CaseInfo, isAnnotated, type TrainingCase } from './data/training-case.ts';
export {
  type Checkpoint,
  type CheckpointMeta,
  type CheckpointName,
  type CheckpointStore,
  memoryCheckpointStore,
  type StoredTensor,
} from './fit/checkpoint.ts';
export { type FitOptions, type FitResult, fit } from './fit/fit.ts';
export type { LogRecord, Progress, TrainRecord, ValidationRecord } from './fit/log.ts';
export type { Budget } from './fit/phase-plan.ts';
export { disposeState, evaluationGroups, type TrainingState } from './fit/training-state.ts';
export { type BestValidation, isBest, type ValidationMetrics } from './fit/validation-score.ts';
export type { JsonValue } from './json.ts';
export { accumulateGradients } from './method/accumulate-gradients.ts';
export type { Batch } from './method/batch.ts';
export { type LossGradients, type LossWithMetrics, lossGradients } from './method/loss-gradients.ts';
export {
  type Average,
  defineMethod,
  type EpochContext,
  type GroupInit,
  type Groups,
  type Method,
  type ParamGroup,
  type PartialGroups,
  type Phase,
  type StepContext,
  type Update,
  type ValidationContext,
} from './method/method.ts';
export type { Sample, StreamSpec } from './method/stream.ts';
export { withoutGradients } from './method/without-gradients.ts';
export { mergeUnannotated } from './methods/merge-unannotated.ts';
export {
  deepSupervisionWeights,
  type SegmentationLoss,
  type SupervisedOptions,
  supervised,
} from './methods/supervised.ts';
export type { AdamConfig, OptimiserConfig, SgdConfig } from './optimiser/optimiser-config.ts';
export { type Schedule, scheduleFactor } from './optimiser/schedule.ts';
export { defaultPlan, type MachineCapacity, type PlanOptions, targetSpacing } from './plan/default-plan.ts';
export {
  type CaseFingerprint,
  type CaseFingerprintOptions,
  combineFingerprints,
  type Fingerprint,
  type ForegroundStatistics,
  fingerprintCase,
} from './plan/fingerprint.ts';
export { type ClassCentres, classCentres, mirrorableAxes } from './plan/mirror-axes.ts';
export { forwardGflop, planTopology, type Topology } from './plan/network-topology.ts';
export type { TrainingPlan } from './plan/training-plan.ts';
export {
  type Normalisation,
  type PreprocessedImage,
  type Preprocessing,
  preprocessImage,
  preprocessLabel,
} from './preprocess/preprocessing.ts';
export { measureTrainingSpeed } from './run/measure-speed.ts';
export { type MethodOption, type MethodOptions, methodOption, readMethodOptions } from './run/method-options.ts';
export {
  builtInMethods,
  createMethod,
  type MethodContext,
  type MethodFactory,
  type MethodRegistry,
} from './run/method-registry.ts';
export { type PredictVolumeOptions, predictVolume, type VolumeSegmenter } from './run/predict-volume.ts';
