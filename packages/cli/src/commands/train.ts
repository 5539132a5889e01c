import type { JsonValue, Progress as TrainingProgress } from '@seg/train';
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
import { addDatasetOptions, type DatasetOptions, datasetOptions } from '../terminal/dataset-options.ts';
import { collectOption } from '../terminal/method-options.ts';
import { type Progress, startProgress } from '../terminal/progress.ts';
import { formatScores } from '../terminal/score-table.ts';

interface Options extends BackendOptions, DatasetOptions {
  readonly data?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly method?: string;
  readonly option?: { readonly [key: string]: JsonValue };
  readonly options?: string;
  readonly network?: string;
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
    .option('--method <name>', 'training method; seg methods lists them (default: supervised)')
    .option('--option <key=value>', "an option of the method's own, again for each", collectOption)
    .option('--options <file>', "the method's options as a JSON file")
    .option('--network <kind>', 'kind of network; seg methods lists them (default: unet3d)')
    .option('--seed <n>', 'seed of everything random (default: 0)', wholeNumber(0))
    .option('--steps <n>', 'train for this many steps', wholeNumber(1))
    .option('--minutes <n>', 'train for this long, loading included (default: 12)', positiveNumber)
    .option(
      '--checkpoint-every <n>',
      'steps between checkpoints (default: ten in a training, fewer where they are slow)',
      wholeNumber(1),
    );
  addDatasetOptions(command);
  addBackendOptions(command)
    .option('--no-verify', 'do not check the data set first')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The run's folder gets config.json, metrics.jsonl, TensorBoard events, checkpoints/{last,best}.{safetensors,json},
validation/ and report.html, and what the method records and reports of its own. Before it trains it says its plan:
cases, spacing, patch, network, steps. Validations and checkpoints take at most a tenth of the time. Ctrl-C and SIGTERM
stop after a checkpoint with exit code 130; --resume goes on from there.

--resume RUN --data DIR goes on with a data set that was moved; its cases must be the same. --resume with --steps or
--minutes goes on to a new total: what the run has done counts (minutes of training, without loading), and the schedule
of the learning rate is that of the new total from there on.

Examples:
  $ seg train --data data/hippocampus --out run --seed 1
  $ seg train --data data/hippocampus --out run --minutes 30 --backend cuda
  $ seg train --data data/hippocampus --out run --method hypersort --option latentWeight=0.5
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
    if (options.option !== undefined && options.options !== undefined) {
      command.error('error: give the options of the method by --option or by --options, not both');
    }
    if (steps !== undefined && minutes !== undefined) command.error('error: give --steps or --minutes, not both');
    return;
  }
  if (steps !== undefined && minutes !== undefined) command.error('error: give --steps or --minutes, not both');
  const fixed = [
    'out',
    'method',
    'option',
    'options',
    'network',
    'seed',
    'checkpointEvery',
    'layout',
    'allowLinksOutside',
  ] as const;
  const given = fixed.filter((name) => options[name] !== undefined);
  if (given.length > 0) {
    const names = given.map((name) => `--${name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`);
    command.error(`error: --resume takes its settings from the run; leave out ${names.join(', ')}`);
  }
}

async function begin(cli: Cli, data: string, options: Options): Promise<RunResult> {
  const { requireWritableFolder } = await import('@seg/io/node');
  const { findMethod, networkKind } = await import('@seg/train');
  const { trainRun } = await import('@seg/train/node');
  const { requireFolder } = await import('../tasks/folders.ts');
  const { fullRegistry } = await import('../tasks/registry.ts');
  const { out, network, method = 'supervised', seed = 0, steps, minutes, checkpointEvery } = options;
  const registry = await fullRegistry(cli.methods);
  findMethod(method, registry);
  if (network !== undefined) networkKind(network, registry.networks);
  const methodOptions = await readMethodOptions(options);
  await requireFolder('seg train', data);
  await requireWritableFolder('seg train', out!);
  const told = options.verify ? await verifyFirst(cli, data, datasetOptions(options)) : new Set<string>();
  const { capacity, description } = await startChosenBackend(cli, options);
  const { describeSession, recordingSession } = await import('../tasks/run-sessions.ts');
  const session = describeSession(cli.args ?? [], description);
  const begun = (observers: RunObservers) =>
    trainRun({
      ...recordingSession(observers, out!, session),
      capacity,
      data,
      dataset: datasetOptions(options),
      out: out!,
      method,
      methodOptions,
      ...registry,
      ...(network === undefined ? {} : { network }),
      seed,
      ...(steps === undefined ? {} : { budget: { steps } }),
      ...(minutes === undefined ? {} : { budget: { minutes } }),
      ...(checkpointEvery === undefined ? {} : { checkpointEvery }),
    });
  return watch(cli, begun, told);
}

/** The method's options from the command line or from a file; null for none. */
async function readMethodOptions({ option, options: file }: Options): Promise<JsonValue> {
  if (file === undefined) return option ?? null;
  const { readFile } = await import('node:fs/promises');
  const { SegError } = await import('@seg/core');
  const text = await readFile(file, 'utf8');
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw new SegError('corrupt-data', { where: file, problem: 'not valid JSON', cause });
  }
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
  const { description } = await startChosenBackend(cli, {
    ...(isBackendName(backend) ? { backend } : {}),
    ...options,
  });
  const { fullRegistry } = await import('../tasks/registry.ts');
  const registry = await fullRegistry(cli.methods);
  const { describeSession, recordingSession } = await import('../tasks/run-sessions.ts');
  const session = describeSession(cli.args ?? [], description);
  return watch(cli, (observers) =>
    resumeRun(run, {
      ...recordingSession(observers, run, session),
      ...registry,
      ...(data === undefined ? {} : { data }),
      ...(steps === undefined ? {} : { budget: { steps } }),
      ...(minutes === undefined ? {} : { budget: { minutes } }),
    }),
  );
}

/** Warnings that are shown before a training; `seg verify` shows all. */
const SHOWN_WARNINGS = 20;

/** Refuses a data set with errors and shows the warnings about one without. Returns the lines that were shown. */
async function verifyFirst(cli: Cli, data: string, options: DatasetOptions): Promise<ReadonlySet<string>> {
  const { SegError } = await import('@seg/core');
  const { describeFinding, formatVerificationReport } = await import('@seg/io');
  const { verifyDataset } = await import('@seg/io/node');
  const progress = await startProgress(cli, 'verifying');
  try {
    const report = await verifyDataset(data, {
      ...options,
      signal: cli.signal,
      onProgress: (done, total) => progress.update(done, total),
    });
    progress.stop();
    if (report.ok) {
      const lines = report.findings.map(describeFinding);
      for (const [i, line] of lines.slice(0, SHOWN_WARNINGS).entries()) {
        cli.stderr(`warning: ${line}\n    ${report.findings[i]!.hint}\n`);
      }
      const more = lines.length - SHOWN_WARNINGS;
      if (more > 0) cli.stderr(`warning: ${more} more; see them all with: seg verify ${data}\n`);
      return new Set(lines);
    }
    throw new SegError('corrupt-data', {
      where: 'seg train',
      problem: `the data set cannot be trained on:\n${formatVerificationReport(report)}`,
      hint: 'Mend what is listed above; nothing was written.',
    });
  } finally {
    progress.stop();
  }
}

/** Runs a training with a bar for each of its stages; warnings that were `told` before are not repeated. */
async function watch(
  cli: Cli,
  run: (observers: RunObservers) => Promise<RunResult>,
  told: ReadonlySet<string> = new Set(),
): Promise<RunResult> {
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
  const { describePlan } = await import('../terminal/describe-plan.ts');
  const { fullRegistry } = await import('../tasks/registry.ts');
  const { networks } = await fullRegistry(cli.methods);
  try {
    return await run({
      signal: cli.signal,
      onPlan: (plan) => cli.stderr(describePlan(plan, networks)),
      onPrepare: (done, total, what) => show(what, done, total),
      onProgress: ({ step, totalSteps, metrics, remainingSeconds }: TrainingProgress) => {
        const loss = metrics.loss === undefined ? '' : `loss ${metrics.loss.toFixed(3)}`;
        show('training', step, Math.max(step, Math.round(totalSteps)), `${loss}${validation}`, remainingSeconds);
      },
      onLog: (record) => {
        if (record.kind !== 'validation') return;
        validation = `, validation score ${record.metrics.score?.toFixed(3) ?? 'undefined'}`;
      },
      onWarning: (message) => {
        if (!told.has(message)) cli.stderr(`seg: ${message}\n`);
      },
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
  const { fullRegistry } = await import('../tasks/registry.ts');
  const { reportRun } = await import('../tasks/report-run.ts');
  const { isSegError } = await import('@seg/core');
  const progress = await startProgress(cli, 'reporting');
  try {
    const { report, pages, summary } = await reportRun(run, {
      registry: await fullRegistry(cli.methods),
      signal: cli.signal,
      onProgress: (done, total) => progress.update(done, total),
      onWarning: (message) => cli.stderr(`seg: ${message}\n`),
    });
    progress.stop();
    if (json) {
      cli.stdout(`${JSON.stringify({ run, stopped, steps, best, validation: summary ?? null, report, pages })}\n`);
      return;
    }
    if (summary !== undefined) {
      const rows = result.config.data.labels.map(
        ({ value, name }) => [`${value} ${name}`, summary.labels[value]] as const,
      );
      const columns = [
        ['dice', 'dice'],
        ['hd95_mm', 'hd95Mm'],
      ] as const;
      cli.stdout(formatScores(rows, columns));
    }
    cli.stdout(`${steps} steps\n${[report, ...pages].join('\n')}\n`);
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
