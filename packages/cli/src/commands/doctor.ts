import type { Command } from 'commander';
import { addBackendOptions, type BackendOptions, startChosenBackend } from '../terminal/backend-options.ts';
import type { Cli } from '../terminal/cli.ts';
import { formatTable } from '../terminal/table.ts';

/** Adds `seg doctor`. */
export function addDoctor(program: Command, cli: Cli): void {
  const command = program
    .command('doctor')
    .summary('show what this machine can do')
    .description(
      'Shows Node, backends, threads, SIMD level, memory and versions, and what to do about what is missing.',
    )
    .option('--json', 'print the report as JSON')
    .option('--conformance', 'compare every op of one backend with plain loops, forward and backward')
    .addHelpText(
      'after',
      '\nExamples:\n  $ seg doctor\n  $ seg doctor --json\n  $ seg doctor --conformance --backend cpu',
    );
  addBackendOptions(command).action(
    async ({ json, conformance, ...chosen }: { json?: boolean; conformance?: boolean } & BackendOptions) => {
      if (conformance === true) return checkConformance(cli, chosen, json === true);
      const { inspectMachine } = await import('../tasks/inspect-machine.ts');
      const report = await inspectMachine();
      if (!report.backends.some(({ works }) => works)) cli.failed = true;
      if (json === true) {
        cli.stdout(`${JSON.stringify(report)}\n`);
        return;
      }
      const { total, free, limit } = report.memoryGb;
      const facts = [
        ['seg', report.seg],
        ['Node', `${report.node} (V8 ${report.v8})`],
        ['system', report.platform],
        ['processor', `${report.cpu}, ${report.cores} cores usable`],
        ['memory', `${total} GB, ${free} GB free${limit < total ? `, limited to ${limit} GB` : ''}`],
        ['GPU driver', report.gpuDriver ?? 'none'],
        ...Object.entries(report.versions),
      ];
      const width = Math.max(...facts.map(([name]) => name!.length));
      for (const [name, value] of facts) cli.stdout(`${name!.padEnd(width)}  ${value}\n`);
      const rows = report.backends.map(({ name, works, description, startMs }) => [
        `${name}${name === report.defaultBackend ? ' (default)' : ''}`,
        works ? 'works' : '-',
        startMs === undefined ? '' : `${startMs} ms`,
        description,
      ]);
      cli.stdout(`\n${formatTable(['backend', '', 'start', ''], rows)}`);
      cli.stdout(
        report.advice.length === 0 ? '\nAll is well.\n' : `\n${report.advice.map((a) => `! ${a}\n`).join('')}`,
      );
    },
  );
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
