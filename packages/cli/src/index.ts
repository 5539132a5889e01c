export { runCli } from './run-cli.ts';
export { type EvaluateFoldersOptions, evaluateFolders } from './tasks/evaluate-folders.ts';
export {
  type FilePrediction,
  type FilePredictionError,
  type PredictFileOptions,
  predictFile,
} from './tasks/predict-file.ts';
export {
  findPredictionInputs,
  type PredictionInput,
  type PredictionInputs,
  type PredictionSource,
} from './tasks/prediction-inputs.ts';
export { type ReportRunOptions, type RunReport, reportRun } from './tasks/report-run.ts';
export type { Cli } from './terminal/cli.ts';
