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
export { type CapturedStatistics, captureStatistics } from './method/capture-statistics.ts';
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
export {
  builtInNetworks,
  type NetworkKind,
  type NetworkKinds,
  type NetworkRequest,
  networkKind,
  type PlannedNetwork,
  type SegmentationNetwork,
} from './plan/network-kinds.ts';
export {
  forwardGflop,
  planTopology,
  type StageConvs,
  type Topology,
  uniformTopology,
} from './plan/network-topology.ts';
export type { TrainingPlan } from './plan/training-plan.ts';
export {
  type Normalisation,
  type PreprocessedImage,
  type Preprocessing,
  preprocessImage,
  preprocessLabel,
} from './preprocess/preprocessing.ts';
export { defineMethodModule, type MethodModuleDefinition } from './run/define-method-module.ts';
export { describeOptions, type OptionDescription, optionsJsonSchema } from './run/describe-options.ts';
export { measureTrainingSpeed } from './run/measure-speed.ts';
export type { MethodContext, MethodModule, ReportedRun } from './run/method-module.ts';
export { builtInMethods, createMethod, findMethod, type MethodSettings, type Registry } from './run/method-registry.ts';
export { type OptionSchema, type OptionsSchema, option } from './run/option-schemas.ts';
export {
  type EnsembleMember,
  type EnsemblePrediction,
  type PredictEnsembleOptions,
  predictEnsemble,
} from './run/predict-ensemble.ts';
export { type PredictVolumeOptions, predictVolume, type VolumeSegmenter } from './run/predict-volume.ts';
export { readOptions } from './run/read-options.ts';
