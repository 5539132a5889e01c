import type { CurationStage } from '@seg/hypernet/node';
import type { Command } from 'commander';
import { positiveNumber, wholeNumber } from '../terminal/arguments.ts';
import { addBackendOptions, type BackendOptions, startChosenBackend } from '../terminal/backend-options.ts';
import type { Cli } from '../terminal/cli.ts';
import { dataFolder } from '../terminal/data-folder.ts';
import { addDatasetOptions, type DatasetOptions, datasetOptions } from '../terminal/dataset-options.ts';
import { type Progress, startProgress } from '../terminal/progress.ts';
import { formatTable } from '../terminal/table.ts';

interface Options extends BackendOptions, DatasetOptions {
  readonly data?: string;
  readonly out?: string;
  readonly label?: number[];
  readonly seed?: number;
  readonly minutes?: number;
  readonly correctAll?: boolean;
  readonly json?: boolean;
}

/** Rows of the ranking that are printed. */
const SHOWN = 10;

/** Adds `seg curate`. */
export function addCurate(program: Command, cli: Cli): void {
  const command = program
    .command('curate')
    .summary('find doubtful labels of a data set')
    .description(
      'Maps the labels of a data set by annotation style (HyperSORT), ranks them by how doubtful they are, and corrects those that stand out.',
    )
    .argument('[data]', 'folder of the data set, in place of --data')
    .option('--data <dir>', 'folder of the data set')
    .option('--out <run>', 'folder of the run, new or empty')
    .option('--label <n>', 'look at this label value only; may be repeated (default: all labels, merged)', collect)
    .option('--seed <n>', 'seed of everything random (default: 0)', wholeNumber(0))
    .option('--minutes <n>', 'time for everything (default: 30)', positiveNumber)
    .option('--correct-all', 'write a corrected label for every case, not only for those that stand out');
  addDatasetOptions(command);
  addBackendOptions(command)
    .option('--json', 'print the ranking as JSON')
    .addHelpText(
      'after',
      `
The run's folder gets ranking.csv (most suspect first; in every score column higher is more suspect), map.json,
model.safetensors, latents.jsonl, report.html (opens from disk), corrected/ and disagreement/ (0 background, 1 agreed,
2 removed, 3 added, 255 not looked at). With --json a score is a number, "inf", or null where it was not computed.

Examples:
  $ seg curate --data data/hippocampus --out curated
  $ seg curate --data data/heart --out curated --label 1 --minutes 10 --seed 3`,
    )
    .action(async (positional: string | undefined, options: Options) => {
      if (options.out === undefined) command.error('error: name the folder of the run with --out RUN');
      await curate(cli, dataFolder(command, positional, options.data), options.out!, options);
    });
}

async function curate(cli: Cli, data: string, out: string, options: Options): Promise<void> {
  const { curateDataset } = await import('@seg/hypernet/node');
  const { curationReport, renderMapReport } = await import('@seg/report');
  const { writeFileAtomic } = await import('@seg/io/node');
  const { requireFolder } = await import('../tasks/folders.ts');
  const { sessionFacts } = await import('../tasks/run-facts.ts');
  const { describeSession } = await import('../tasks/run-sessions.ts');
  const { join } = await import('node:path');
  const { label: labels, seed, minutes, correctAll } = options;
  await requireFolder('seg curate', data);
  const { description } = await startChosenBackend(cli, options);
  const session = describeSession(cli.args ?? [], description);
  const bars = stages(cli);
  try {
    const result = await curateDataset({
      data,
      dataset: datasetOptions(options),
      out,
      signal: cli.signal,
      onProgress: bars.show,
      onWarning: (message) => cli.stderr(`warning: ${message}\n`),
      ...(labels === undefined ? {} : { labels }),
      ...(seed === undefined ? {} : { seed }),
      ...(minutes === undefined ? {} : { minutes }),
      ...(correctAll === true ? { correct: 'all' as const } : {}),
    });
    await bars.stop();
    const report = join(out, 'report.html');
    const page = curationReport(result);
    const summary = [...page.summary, ...sessionFacts([session])];
    await writeFileAtomic(report, renderMapReport({ ...page, summary }));
    if (options.json === true) {
      cli.stdout(`${JSON.stringify({ out, report, seconds: result.seconds, ranking: result.ranking }, infinity)}\n`);
      return;
    }
    const rows = result.ranking
      .slice(0, SHOWN)
      .map((row) => [
        row.case,
        row.label_disagreement.toFixed(3),
        row.dominant_style_dice_error.toFixed(3),
        row.distance_to_median.toFixed(3),
        row.out_of_fold_dice_error.toFixed(3),
        String(row.cluster),
        row.flagged ? 'yes' : '',
      ]);
    cli.stdout(
      formatTable(['case', 'disagreement', 'dominant_style', 'distance', 'out_of_fold', 'cluster', 'flagged'], rows),
    );
    cli.stdout(`${result.ranking.filter((row) => row.flagged).length} of ${result.ranking.length} stand out\n`);
    cli.stdout(`${join(out, 'ranking.csv')}\n${report}\n`);
  } finally {
    await bars.stop();
  }
}

/** JSON has no infinity; null would say that a score was not computed. */
const infinity = (_: string, value: unknown) => (value === Number.POSITIVE_INFINITY ? 'inf' : value);

/** A progress bar for each stage in turn. */
function stages(cli: Cli) {
  let stage: CurationStage | undefined;
  let bar: Progress | undefined;
  let opening: Promise<void> = Promise.resolve();
  return {
    show: (name: CurationStage, done: number, total: number) => {
      if (name !== stage) {
        stage = name;
        bar?.stop();
        bar = undefined;
        opening = startProgress(cli, name).then((opened) => {
          if (stage === name) bar = opened;
          else opened.stop();
        });
      }
      bar?.update(done, total);
    },
    stop: async () => {
      stage = undefined;
      await opening;
      bar?.stop();
      bar = undefined;
    },
  };
}

function collect(text: string, before: number[] | undefined): number[] {
  return [...(before ?? []), wholeNumber(1)(text)];
}
