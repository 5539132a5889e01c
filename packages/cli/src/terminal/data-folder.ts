import type { Command } from 'commander';

/** The data set's folder, given as `--data DIR` or as an argument; wrong usage if both or neither is. */
export function dataFolder(command: Command, positional: string | undefined, option: string | undefined): string {
  if (positional !== undefined && option !== undefined) {
    command.error(`error: the data set is named twice (${option} and ${positional})`);
  }
  const folder = option ?? positional;
  if (folder === undefined) command.error('error: name the folder of the data set with --data DIR');
  return folder;
}
