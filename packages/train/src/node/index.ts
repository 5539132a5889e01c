export { type CheckpointFileSystem, type CheckpointFilesOptions, checkpointFiles } from './checkpoint-files.ts';
export { CaseLoader, type CaseLoaderOptions } from './load-cases.ts';
export { type LoadedRun, type LoadRunOptions, loadRun } from './load-run.ts';
export { openRunDataset } from './open-run-dataset.ts';
export { type RunChange, type RunConfig, readRunConfig, writeRunConfig } from './run-config.ts';
export { RunLog, readRunLog, readRunRecord } from './run-log.ts';
export type { RunPlan } from './run-plan.ts';
export { encodeTensorBoardEvent, type TensorBoardEvent } from './tensorboard-events.ts';
export {
  type ResumeRunOptions,
  type RunObservers,
  type RunResult,
  resumeRun,
  type TrainRunOptions,
  trainRun,
} from './train-run.ts';
export { shareCases, type WorkerLoaderOptions, workerLoader } from './worker-loader.ts';
