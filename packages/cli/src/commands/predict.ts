import type { Command } from 'commander';
import type { Cli } from '../terminal/cli.ts';

/** Adds `seg predict`. */
export function addPredict(program: Command, cli: Cli): void {
  program.command('predict').action(() => cli.stdout('pending'));
}
