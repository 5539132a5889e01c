export { type CheckpointFileSystem, type CheckpointFilesOptions, checkpointFiles } from './checkpoint-files.ts';
export { RunLog, readRunLog } from './run-log.ts';
export { encodeTensorBoardEvent, type TensorBoardEvent } from './tensorboard-events.ts';
export { shareCases, type WorkerLoaderOptions, workerLoader } from './worker-loader.ts';
