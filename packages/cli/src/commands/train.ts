import type { Progress as TrainingProgress } from '@seg/train';
import type { RunObservers, RunResult } from '@seg/train/node';
import type { Command } from 'commander';
import { positiveNumber, wholeNumber } from '../terminal/arguments.ts';
import {
  addBackendOptions,
  type BackendOptions,
  isBackendName,
  startChosenBackend,
} from '../terminal/backend-options.ts';
import type { Cli } from '../terminal/cli.ts';
import { dataFolder } from '../terminal/data-folder.ts';
import { type Progress, startProgress } from '../terminal/progress.ts';
import { formatTable } from '../terminal/table.ts';

interface Options extends BackendOptions {
  readonly data?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly method?: string;
  readonly seed?: number;
  readonly steps?: number;
  readonly minutes?: number;
  readonly checkpointEvery?: number;
  readonly verify: boolean;
  readonly json?: boolean;
}

/** Adds `seg train`. */
export function addTrain(program: Command, cli: Cli): void {
  const command = program
    .command('train')
    .summary('train on a data set, or continue a training')
    .description('Trains on a data set with everything chosen for it, and reports on cases that were not trained on.')
    .argument('[data]', 'folder of the data set, in place of --data')
    .option('--data <dir>', 'folder of the data set')
    .option('--out <run>', 'folder of the run, new or empty')
    .option(
      '--resume <run>',
      'continue this run instead, with its own settings; --data, --steps and --minutes may be new',
    )
    .option('--method <name>', 'supervised, hypersort, plain-unet or t-loss-unet (default: supervised)')
    .option('--seed <n>', 'seed of everything random (default: 0)', wholeNumber(0))
    .option('--steps <n>', 'train for this many steps', wholeNumber(1))
    .option('--minutes <n>', 'train for this long, loading included (default: 12)', positiveNumber)
    .option('--checkpoint-every <n>', 'steps between checkpoints (default: a tenth of the training)', wholeNumber(1));
  addBackendOptions(command)
    .option('--no-verify', 'do not check the data set first')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The run's folder gets config.json, metrics.jsonl, TensorBoard events, checkpoints/{last,best}.{safetensors,json},
validation/ and report.html. Ctrl-C stops after a checkpoint; --resume goes on from there. The method hypersort also
writes latents.jsonl, the styles of the training cases' labels after every epoch, and map.html, which plays them; to look
for wrong labels use seg curate.

--resume RUN --data DIR goes on with a data set that was moved; its cases must be the same. --resume with --steps or
--minutes goes on to a new total: what the run has done counts (minutes of training, without loading), and the schedule
of the learning rate is that of the new total from there on.

Examples:
  $ seg train --data data/hippocampus --out run --seed 1
  $ seg train --data data/hippocampus --out run --minutes 30 --backend cuda
  $ seg train --resume run
  $ seg train --resume run --minutes 60`,
    )
    .action(async (positional: string | undefined, options: Options) => {
      checkOptions(command, options);
      const result =
        options.resume === undefined
          ? await begin(cli, dataFolder(command, positional, options.data), options)
          : await resume(cli, options.resume, movedTo(command, positional, options), options);
      await finish(cli, result, options.json === true);
    });
}

function checkOptions(command: Command, options: Options): void {
  const { resume: run, out, steps, minutes } = options;
  if (run === undefined) {
    if (out === undefined) command.error('error: name the folder of the run with --out RUN');
    if (steps !== undefined && minutes !== undefined) command.error('error: give --steps or --minutes, not both');
    return;
  }
  if (steps !== undefined && minutes !== undefined) command.error('error: give --steps or --minutes, not both');
  const fixed = ['out', 'method', 'seed', 'checkpointEvery'] as const;
  const given = fixed.filter((name) => options[name] !== undefined);
  if (given.length > 0) {
    const names = given.map((name) => `--${name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`);
    command.error(`error: --resume takes its settings from the run; leave out ${names.join(', ')}`);
  }
}

async function begin(cli: Cli, data: string, options: Options): Promise<RunResult> {
  const { checkOption } = await import('@seg/core');
  const { builtInMethods } = await import('@seg/train');
  const { requireWritableFolder } = await import('@seg/io/node');
  const { trainRun } = await import('@seg/train/node');
  const { requireFolder } = await import('../tasks/folders.ts');
  const { moreMethods } = await import('../tasks/methods.ts');
  const { out, method = 'supervised', seed = 0, steps, minutes, checkpointEvery } = options;
  const methods = await moreMethods(out);
  checkOption('seg train', 'method', method, Object.keys({ ...builtInMethods, ...methods }));
  await requireFolder('seg train', data);
  await requireWritableFolder('seg train', out!);
  if (options.verify) await verifyFirst(cli, data);
  await startChosenBackend(cli, options);
  return watch(cli, (observers) =>
    trainRun({
      ...observers,
      data,
      out: out!,
      method,
      methods,
      seed,
      ...(steps === undefined ? {} : { budget: { steps } }),
      ...(minutes === undefined ? {} : { budget: { minutes } }),
      ...(checkpointEvery === undefined ? {} : { checkpointEvery }),
    }),
  );
}

/** Where a resumed run's data set is now, if that is said. */
function movedTo(command: Command, positional: string | undefined, options: Options): string | undefined {
  const isSaid = positional !== undefined || options.data !== undefined;
  return isSaid ? dataFolder(command, positional, options.data) : undefined;
}

async function resume(cli: Cli, run: string, data: string | undefined, options: Options): Promise<RunResult> {
  const { steps, minutes } = options;
  const { readRunConfig, resumeRun } = await import('@seg/train/node');
  const { backend } = await readRunConfig(run);
  await startChosenBackend(cli, {
    ...(isBackendName(backend) ? { backend } : {}),
    ...options,
  });
  const { moreMethods } = await import('../tasks/methods.ts');
  const methods = await moreMethods(run);
  return watch(cli, (observers) =>
    resumeRun(run, {
      ...observers,
      methods,
      ...(data === undefined ? {} : { data }),
      ...(steps === undefined ? {} : { budget: { steps } }),
      ...(minutes === undefined ? {} : { budget: { minutes } }),
    }),
  );
}

async function verifyFirst(cli: Cli, data: string): Promise<void> {
  const { SegError } = await import('@seg/core');
  const { formatVerificationReport } = await import('@seg/io');
  const { verifyDataset } = await import('@seg/io/node');
  const progress = await startProgress(cli, 'verifying');
  try {
    const report = await verifyDataset(data, {
      signal: cli.signal,
      onProgress: (done, total) => progress.update(done, total),
    });
    progress.stop();
    if (report.ok) return;
    throw new SegError('corrupt-data', {
      where: 'seg train',
      problem: `the data set cannot be trained on:\n${formatVerificationReport(report)}`,
      hint: 'Mend what is listed above; nothing was written.',
    });
  } finally {
    progress.stop();
  }
}

/** Runs a training with a bar for each of its stages. */
async function watch(cli: Cli, run: (observers: RunObservers) => Promise<RunResult>): Promise<RunResult> {
  let stage = '';
  let bar: Progress | undefined;
  let opening: Promise<void> = Promise.resolve();
  const show = (title: string, done: number, total: number, text?: string, secondsLeft?: number) => {
    if (title !== stage) {
      stage = title;
      bar?.stop();
      bar = undefined;
      opening = startProgress(cli, title).then((opened) => {
        if (stage === title) bar = opened;
      });
    }
    const detail = { ...(text === undefined ? {} : { text }), ...(secondsLeft === undefined ? {} : { secondsLeft }) };
    bar?.update(done, total, detail);
  };
  let validation = '';
  try {
    return await run({
      signal: cli.signal,
      onPrepare: (done, total, what) => show(what, done, total),
      onProgress: ({ step, totalSteps, metrics, remainingSeconds }: TrainingProgress) => {
        const loss = metrics.loss === undefined ? '' : `loss ${metrics.loss.toFixed(3)}`;
        show('training', step, Math.max(step, Math.round(totalSteps)), `${loss}${validation}`, remainingSeconds);
      },
      onLog: (record) => {
        if (record.kind === 'validation' && record.metrics.score !== undefined) {
          validation = `, validation score ${record.metrics.score.toFixed(3)}`;
        }
      },
      onWarning: (message) => cli.stderr(`seg: ${message}\n`),
    });
  } finally {
    stage = '';
    await opening;
    bar?.stop();
  }
}

async function finish(cli: Cli, result: RunResult, json: boolean): Promise<void> {
  const { run, stopped, steps, best } = result;
  if (stopped === 'aborted') {
    cli.failed = true;
    if (json) cli.stdout(`${JSON.stringify({ run, stopped, steps, best })}\n`);
    cli.stderr(`seg: stopped at step ${steps} after a checkpoint; continue with: seg train --resume ${run}\n`);
    return;
  }
  const { reportRun } = await import('../tasks/report-run.ts');
  const progress = await startProgress(cli, 'reporting');
  try {
    const { report, map, summary } = await reportRun(run, {
      signal: cli.signal,
      onProgress: (done, total) => progress.update(done, total),
      onWarning: (message) => cli.stderr(`seg: ${message}\n`),
    });
    progress.stop();
    if (json) {
      const pages = { report, ...(map === undefined ? {} : { map }) };
      cli.stdout(`${JSON.stringify({ run, stopped, steps, best, validation: summary ?? null, ...pages })}\n`);
      return;
    }
    const names = new Map(result.config.data.labels.map(({ value, name }) => [String(value), name]));
    const rows = Object.entries(summary?.labels ?? {}).map(([label, { cases, dice, hd95Mm }]) => [
      `${label} ${names.get(label) ?? ''}`.trim(),
      String(cases),
      ...[dice, hd95Mm].map(({ mean }) => (mean === null ? '-' : mean.toFixed(4))),
    ]);
    if (rows.length > 0) cli.stdout(formatTable(['label', 'cases', 'dice', 'hd95_mm'], rows));
    cli.stdout(`${steps} steps\n${report}\n${map === undefined ? '' : `${map}\n`}`);
  } finally {
    progress.stop();
  }
}
