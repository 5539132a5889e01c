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
import { describePlan } from '../terminal/describe-plan.ts';
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
    .option('--resume <run>', 'continue this run instead, with its own settings')
    .option('--method <name>', 'supervised, hypersort, plain-unet or t-loss-unet (default: supervised)')
    .option('--seed <n>', 'seed of everything random (default: 0)', wholeNumber(0))
    .option('--steps <n>', 'train for this many steps', wholeNumber(1))
    .option('--minutes <n>', 'train for this long, loading included (default: 12)', positiveNumber)
    .option(
      '--checkpoint-every <n>',
      'steps between checkpoints (default: ten in a training, fewer where they are slow)',
      wholeNumber(1),
    );
  addBackendOptions(command)
    .option('--no-verify', 'do not check the data set first')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The run's folder gets config.json, metrics.jsonl, TensorBoard events, checkpoints/{last,best}.{safetensors,json},
validation/ and report.html. Before it trains it says its plan: cases, spacing, patch, network, steps. Validations and
checkpoints take at most a tenth of the time. Ctrl-C and SIGTERM stop after a checkpoint with exit code 130; --resume
goes on from there. The method hypersort also
writes latents.jsonl, the styles of the training cases' labels after every epoch, and map.html, which plays them; to look
for wrong labels use seg curate.

Examples:
  $ seg train --data data/hippocampus --out run --seed 1
  $ seg train --data data/hippocampus --out run --minutes 30 --backend cuda
  $ seg train --resume run`,
    )
    .action(async (positional: string | undefined, options: Options) => {
      checkOptions(command, positional, options);
      const result =
        options.resume === undefined
          ? await begin(cli, dataFolder(command, positional, options.data), options)
          : await resume(cli, options.resume, options);
      await finish(cli, result, options.json === true);
    });
}

function checkOptions(command: Command, positional: string | undefined, options: Options): void {
  const { resume: run, out, steps, minutes } = options;
  if (run === undefined) {
    if (out === undefined) command.error('error: name the folder of the run with --out RUN');
    if (steps !== undefined && minutes !== undefined) command.error('error: give --steps or --minutes, not both');
    return;
  }
  const fixed = ['data', 'out', 'method', 'seed', 'steps', 'minutes', 'checkpointEvery'] as const;
  const given = fixed.filter((name) => options[name] !== undefined);
  if (positional !== undefined) given.unshift('data');
  if (given.length > 0) {
    const names = given.map((name) => `--${name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`);
    command.error(`error: --resume takes its settings from the run; leave out ${names.join(', ')}`);
  }
}

async function begin(cli: Cli, data: string, options: Options): Promise<RunResult> {
  const { checkOption } = await import('@seg/core');
  const { builtInMethods } = await import('@seg/train');
  const { trainRun } = await import('@seg/train/node');
  const { requireFolder } = await import('../tasks/folders.ts');
  const { moreMethods } = await import('../tasks/methods.ts');
  const { out, method = 'supervised', seed = 0, steps, minutes, checkpointEvery } = options;
  const methods = await moreMethods(out);
  checkOption('seg train', 'method', method, Object.keys({ ...builtInMethods, ...methods }));
  await requireFolder('seg train', data);
  if (options.verify) await verifyFirst(cli, data);
  const { capacity } = await startChosenBackend(cli, options);
  return watch(cli, (observers) =>
    trainRun({
      ...observers,
      capacity,
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

async function resume(cli: Cli, run: string, options: Options): Promise<RunResult> {
  const { readRunConfig, resumeRun } = await import('@seg/train/node');
  const { backend } = await readRunConfig(run);
  await startChosenBackend(cli, {
    ...(isBackendName(backend) ? { backend } : {}),
    ...options,
  });
  const { moreMethods } = await import('../tasks/methods.ts');
  const methods = await moreMethods(run);
  return watch(cli, (observers) => resumeRun(run, { ...observers, methods }));
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
      onPlan: (plan) => cli.stderr(describePlan(plan)),
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
    cli.stopped = true;
    if (json) cli.stdout(`${JSON.stringify({ run, stopped, steps, best })}\n`);
    cli.stderr(`seg: stopped at step ${steps} after a checkpoint; continue with: seg train --resume ${run}\n`);
    return;
  }
  const { reportRun } = await import('../tasks/report-run.ts');
  const { isSegError } = await import('@seg/core');
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
  } catch (error) {
    progress.stop();
    if (isSegError(error, 'aborted')) {
      cli.stderr(`seg: the training is finished and saved; make its report with: seg train --resume ${run}\n`);
    }
    throw error;
  } finally {
    progress.stop();
  }
}
