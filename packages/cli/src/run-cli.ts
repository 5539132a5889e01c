import { isSegError } from '@seg/core';
import { Command, CommanderError } from 'commander';
import { addBackend } from './commands/backend.ts';
import { addConvert } from './commands/convert.ts';
import { addCurate } from './commands/curate.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addInfo } from './commands/info.ts';
import { addMethods } from './commands/methods.ts';
import { addPhantom } from './commands/phantom.ts';
import { addPredict } from './commands/predict.ts';
import { addTrain } from './commands/train.ts';
import { addVerify } from './commands/verify.ts';
import type { Cli } from './terminal/cli.ts';
import { describeError } from './terminal/describe-error.ts';
import { STOPPED } from './terminal/stop-signal.ts';
import { version } from './version.ts';

const EXAMPLES = `
Examples:
  $ seg phantom --out phantoms                          a generated data set to try things on
  $ seg verify --data phantoms
  $ seg train --data phantoms --out run --minutes 5
  $ seg predict --run run --out predictions scan.nii.gz
  $ seg evaluate --prediction predictions --reference phantoms/labelsTr --out scores

Results go to standard output, progress and messages to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage,
130 stopped by Ctrl-C or SIGTERM. A second Ctrl-C, a second or more after the first, stops at once.
`;

/**
 * Runs the `seg` command with these arguments and returns its exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped
 * by its signal. Never throws for what a user can cause.
 */
export async function runCli(args: readonly string[], cli: Cli): Promise<number> {
  cli.args = args;
  const program = createProgram(cli, args.includes('train') ? await helpOfMethods(args, cli) : '');
  try {
    await program.parseAsync(args, { from: 'user' });
    return cli.stopped ? STOPPED : cli.failed ? 1 : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const isStopped = isSegError(error, 'aborted') || (cli.signal.aborted && error === cli.signal.reason);
    const described = isStopped ? { code: 'aborted', message: 'stopped' } : describeError(error);
    if (args.includes('--json')) cli.stdout(`${JSON.stringify({ error: described })}\n`);
    cli.stderr(`seg: ${described.message}\n`);
    if (described.code === 'internal' && error instanceof Error) cli.stderr(`${error.stack}\n`);
    return isStopped ? STOPPED : 1;
  }
}

/** For `seg train --help`: the methods with their options, or the one that is named; loaded only where it is asked for. */
async function helpOfMethods(args: readonly string[], cli: Cli): Promise<string> {
  if (!args.includes('--help') && !args.includes('-h')) return '';
  const { describeMethod } = await import('./tasks/describe-method.ts');
  const { fullRegistry } = await import('./tasks/registry.ts');
  const { methods } = await fullRegistry(cli.methods);
  const named = methods.filter(({ name }) => name === args[args.indexOf('--method') + 1]);
  const listed = named.length > 0 ? named.map(describeMethod) : methods.map((m) => `  ${m.name}: ${m.summary}\n`);
  return `\nMethods (seg methods has their options):\n${listed.join('')}`;
}

function createProgram(cli: Cli, methodsHelp: string): Command {
  const program = new Command('seg')
    .description('Robust segmentation of 3-D medical images.')
    .version(version, '-V, --version')
    .exitOverride()
    .showHelpAfterError('Try --help.')
    .configureOutput({ writeOut: cli.stdout, writeErr: cli.stderr })
    .configureHelp({ helpWidth: 100 })
    .addHelpText('after', EXAMPLES);
  for (const add of [
    addVerify,
    addTrain,
    addPredict,
    addEvaluate,
    addInfo,
    addConvert,
    addCurate,
    addPhantom,
    addMethods,
    addDoctor,
    addBackend,
  ]) {
    add(program, cli);
  }
  program.commands.find((command) => command.name() === 'train')?.addHelpText('after', methodsHelp);
  return program;
}
