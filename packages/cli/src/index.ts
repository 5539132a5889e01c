export { runCli } from './run-cli.ts';
export { type EvaluateFoldersOptions, evaluateFolders } from './tasks/evaluate-folders.ts';
export type { Cli } from './terminal/cli.ts';
