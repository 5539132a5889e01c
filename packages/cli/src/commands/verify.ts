import type { Command } from 'commander';
import type { Cli } from '../terminal/cli.ts';
import { dataFolder } from '../terminal/data-folder.ts';
import { addDatasetOptions, type DatasetOptions, datasetOptions } from '../terminal/dataset-options.ts';
import { startProgress } from '../terminal/progress.ts';

interface Options extends DatasetOptions {
  readonly data?: string;
  readonly json?: boolean;
}

/** Adds `seg verify`. */
export function addVerify(program: Command, cli: Cli): void {
  const verify = program
    .command('verify')
    .summary('check a data set before any work')
    .description('Reads every file of a data set and reports everything that is wrong with it.')
    .argument('[data]', 'folder of the data set, in place of --data')
    .option('--data <dir>', 'folder of the data set (Decathlon, nnU-Net, BIDS, images/ and labels/, or a seg.json)');
  addDatasetOptions(verify)
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
The exit code is 0 when there are no errors (there may be warnings), else 1.

Examples:
  $ seg verify --data data/hippocampus
  $ seg verify data/hippocampus --json`,
    )
    .action(async (positional: string | undefined, options: Options, command: Command) => {
      const data = dataFolder(command, positional, options.data);
      const { formatVerificationReport } = await import('@seg/io');
      const { verifyDataset } = await import('@seg/io/node');
      const { requireFolder } = await import('../tasks/folders.ts');
      await requireFolder('seg verify', data);
      const progress = await startProgress(cli, 'verifying');
      try {
        const report = await verifyDataset(data, {
          ...datasetOptions(options),
          signal: cli.signal,
          onProgress: (done, total, id) => progress.update(done, total, { text: id }),
        });
        progress.stop();
        cli.stdout(options.json === true ? `${JSON.stringify(report)}\n` : formatVerificationReport(report));
        if (!report.ok) cli.failed = true;
      } finally {
        progress.stop();
      }
    });
}
