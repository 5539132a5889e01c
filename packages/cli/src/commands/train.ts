import type { Command } from 'commander';
import type { Cli } from '../terminal/cli.ts';

/** Adds `seg train`. */
export function addTrain(program: Command, cli: Cli): void {
  program.command('train').action(() => cli.stdout('pending'));
}
