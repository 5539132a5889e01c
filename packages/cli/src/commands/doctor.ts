import type { Command } from 'commander';
import { addBackendOptions, type BackendOptions, startChosenBackend } from '../terminal/backend-options.ts';
import type { Cli } from '../terminal/cli.ts';
import { version } from '../version.ts';

interface DoctorOptions extends BackendOptions {
  readonly json?: boolean;
  readonly measure: boolean;
  readonly conformance?: boolean;
}

/** Adds `seg doctor`. */
export function addDoctor(program: Command, cli: Cli): void {
  const command = program
    .command('doctor')
    .summary('show what this machine can do')
    .description(
      "Shows Node, backends, threads, SIMD level, memory, versions and what V8's revectorizer would gain, and what to do about what is missing.",
    )
    .option('--json', 'print the report as JSON')
    .option('--no-measure', "do not time V8's revectorizer, which takes about two seconds")
    .option('--conformance', 'compare every op of one backend with plain loops, forward and backward')
    .addHelpText(
      'after',
      '\nExamples:\n  $ seg doctor\n  $ seg doctor --json\n  $ seg doctor --conformance --backend cpu',
    );
  addBackendOptions(command).action(async ({ json, measure, conformance, ...chosen }: DoctorOptions) => {
    if (conformance === true) return checkConformance(cli, chosen, json === true);
    const { doctor, formatDoctor } = await import('@seg/backend/node');
    const report = await doctor({ measure });
    if (!report.backends.some(({ works }) => works)) cli.failed = true;
    cli.stdout(
      json === true
        ? `${JSON.stringify({ seg: version, ...report })}\n`
        : `seg ${version}\n\n${formatDoctor(report)}\n`,
    );
  });
}

/** Runs the conformance suite on one backend and prints its table; fails when a case is not right. */
async function checkConformance(cli: Cli, options: BackendOptions, json: boolean): Promise<void> {
  const { conforms, formatConformance, runConformance } = await import('@seg/backend');
  const { description } = await startChosenBackend(cli, options);
  const results = await runConformance();
  const wrong = results.filter((result) => !conforms(result));
  if (wrong.length > 0) cli.failed = true;
  if (json) cli.stdout(`${JSON.stringify({ backend: description, results })}\n`);
  else cli.stdout(`${formatConformance(results)}\n${results.length - wrong.length} of ${results.length} are right.\n`);
}
