import type { Command } from 'commander';
import { tripleOfSizes, wholeNumber } from '../terminal/arguments.ts';
import type { Cli } from '../terminal/cli.ts';
import { startProgress } from '../terminal/progress.ts';

interface Options {
  readonly out: string;
  readonly cases: number;
  readonly seed: number;
  readonly size?: readonly [number, number, number];
  readonly json?: boolean;
}

/** Adds `seg phantom`. */
export function addPhantom(program: Command, cli: Cli): void {
  program
    .command('phantom')
    .summary('generate a data set with known truth')
    .description('Writes a data set of generated soft-tissue volumes with known truth (Decathlon layout).')
    .requiredOption('--out <dir>', 'folder to write, new or empty')
    .option('--cases <n>', 'number of cases', wholeNumber(1), 24)
    .option('--seed <n>', 'the same seed gives the same voxels', wholeNumber(0), 0)
    .option('--size <z,y,x>', 'voxels of each volume', tripleOfSizes)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExamples:\n  $ seg phantom --out phantoms\n  $ seg phantom --out small --cases 6 --seed 3')
    .action(async ({ out, cases, seed, size, json }: Options) => {
      const { writePhantomDataset } = await import('@seg/io/node');
      const { refuseUsedFolder } = await import('../tasks/folders.ts');
      const existed = await refuseUsedFolder('seg phantom', out);
      const progress = await startProgress(cli, 'phantoms');
      try {
        const manifest = await writePhantomDataset(out, {
          cases,
          seed,
          signal: cli.signal,
          onProgress: (done, total) => progress.update(done, total),
          ...(size === undefined ? {} : { shape: size }),
        });
        progress.stop();
        const { labels } = manifest;
        if (json === true) cli.stdout(`${JSON.stringify({ out, cases: manifest.cases.length, labels })}\n`);
        else cli.stdout(`${out}: ${cases} cases with ${labels.map(({ name }) => name).join(', ')}\n`);
      } catch (error) {
        // The folder was empty, so all in it is ours; half a data set would be in the way of the next attempt.
        const { rm } = await import('node:fs/promises');
        const { join } = await import('node:path');
        const ours = existed ? ['imagesTr', 'labelsTr'].map((name) => join(out, name)) : [out];
        for (const path of ours) await rm(path, { recursive: true, force: true });
        throw error;
      } finally {
        progress.stop();
      }
    });
}
