import { Rng, SegError } from '@seg/core';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { FilePrediction, FilePredictionError } from '../tasks/predict-file.ts';
import { checkOutputs, measureNames, type WantedMaps } from '../tasks/prediction-outputs.ts';
import { wholeNumber } from '../terminal/arguments.ts';
import { addBackendOptions, type BackendOptions, startChosenBackend } from '../terminal/backend-options.ts';
import type { Cli } from '../terminal/cli.ts';
import { startProgress } from '../terminal/progress.ts';

interface Options extends BackendOptions {
  readonly run: readonly string[];
  readonly out: string;
  readonly checkpoint?: 'best' | 'last';
  readonly mirror: boolean;
  readonly samples?: number;
  readonly seed: number;
  readonly uncertainty?: readonly (keyof typeof measureNames)[];
  readonly probabilities?: boolean;
  readonly skipExisting?: boolean;
  readonly json?: boolean;
}

/** Adds `seg predict`. */
export function addPredict(program: Command, cli: Cli): void {
  const command = program
    .command('predict')
    .summary('segment images with a trained run')
    .description('Segments images; label maps lie on the grid of their image and bear its name.')
    .argument('<image_or_dir...>', 'image files, or folders of them')
    .requiredOption('--run <run>', 'folder that seg train wrote; once for each run of an ensemble', collect)
    .requiredOption('--out <dir>', 'folder for the label maps')
    .addOption(
      new Option('--checkpoint <name>', 'which weights (default: best, or last where nothing was validated)').choices([
        'best',
        'last',
      ]),
    )
    .option('--no-mirror', 'predict once, not once for each mirroring: faster, slightly worse')
    .option('--samples <n>', 'random predictions of each run (Monte Carlo dropout), averaged', wholeNumber(1))
    .option('--seed <n>', 'of the samples', wholeNumber(0), 0)
    .addOption(
      new Option('--uncertainty <measure>', 'write X_<measure>.nii.gz beside X.nii.gz; may be repeated')
        .choices(Object.keys(measureNames))
        .argParser(collectMeasure),
    )
    .option('--probabilities', 'write X_probabilities.nii.gz: mean probabilities, a fourth axis of classes')
    .option('--skip-existing', 'leave images alone whose files are all there');
  addBackendOptions(command)
    .option('--json', 'print one JSON object for each image')
    .addHelpText(
      'after',
      `
An image that cannot be segmented is reported and the others are still segmented; the exit code is then 1. Which files
make one image is the rule of the data set that the run was trained on (data.images in config.json): nnU-Net's
X_0000.nii.gz, X_0001.nii.gz make X.nii.gz, BIDS's sub-1_T1w.nii.gz makes sub-1_dseg.nii.gz, and in other sets a file
that holds all channels keeps its name. seg evaluate pairs these names with those of the label maps.

Runs of an ensemble must have the same channels and labels; probabilities are averaged over runs and samples. A sample
is one draw for the whole image: --seed and the image decide on it, nothing else. Uncertainty is a float32 map on the
image's grid: entropy of the mean probabilities and mutual-information (entropy minus the mean entropy of the samples)
in nats, variance over the samples as the mean over classes. The last two need several runs or samples.

Examples:
  $ seg predict --run run --out predictions scan.nii.gz
  $ seg predict --run run --out predictions data/imagesTs --json --skip-existing
  $ seg predict --run fold0 --run fold1 --out predictions scan.nii.gz --probabilities
  $ seg predict --run vnet --out predictions scan.nii.gz --samples 20 --uncertainty mutual-information`,
    )
    .action(async (inputs: string[], options: Options) => {
      const { run, out, checkpoint, mirror } = options;
      const { mkdir } = await import('node:fs/promises');
      const { loadEnsemble, readEnsembleConfig } = await import('../tasks/load-ensemble.ts');
      const { predictFile } = await import('../tasks/predict-file.ts');
      const { fullRegistry } = await import('../tasks/registry.ts');
      const { requireWritableFolder } = await import('@seg/io/node');
      const { findPredictionInputs } = await import('../tasks/prediction-inputs.ts');
      await requireWritableFolder('seg predict', out);
      const wanted = wantedMaps(options);
      const { data } = await readEnsembleConfig(run);
      const { images, refused, warnings } = await findPredictionInputs(inputs, out, {
        channels: data.channels.length,
        root: data.root,
        ...(data.images === undefined ? {} : { naming: data.images }),
      });
      await checkOutputs(images, out, { ...wanted, root: data.root });
      for (const warning of warnings) cli.stderr(`seg: ${warning}\n`);
      const report = (result: FilePrediction | FilePredictionError) => {
        if ('error' in result) {
          cli.failed = true;
          cli.stderr(`seg: ${result.error.message}\n`);
        }
        if (options.json === true) cli.stdout(`${JSON.stringify(result)}\n`);
        else if (!('error' in result)) cli.stdout(`${result.prediction}\n`);
      };
      for (const result of refused) report(result);
      if (images.length === 0) return;
      const backend = await startChosenBackend(cli, options);
      const loaded = await loadEnsemble(run, {
        samples: options.samples,
        ...(await fullRegistry(cli.methods)),
        onWarning: (message) => cli.stderr(`seg: ${message}\n`),
        ...(checkpoint === undefined ? {} : { checkpoint }),
      });
      await mkdir(out, { recursive: true });
      const progress = await startProgress(cli, 'predicting');
      try {
        for (const [i, image] of images.entries()) {
          const result = await predictFile(loaded, image, out, {
            ...wanted,
            skipExisting: options.skipExisting === true,
            ...(options.samples === undefined ? {} : { samples: options.samples, rng: Rng.fromSeed(options.seed) }),
            signal: cli.signal,
            onProgress: (part) => progress.update(round(i + part), images.length, { text: image.name }),
            ...(mirror ? {} : { mirrorAxes: [] }),
          });
          report(result);
        }
      } finally {
        progress.stop();
        for (const one of loaded) one.dispose();
        backend.dispose();
      }
    });
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function collectMeasure(text: string, before: readonly string[] = []): readonly string[] {
  if (Object.hasOwn(measureNames, text)) return before.includes(text) ? before : [...before, text];
  throw new InvalidArgumentError(`Allowed choices are ${Object.keys(measureNames).join(', ')}.`);
}

/** The maps to write; throws `invalid-argument` where a single prediction would have to disagree with itself. */
function wantedMaps({ uncertainty = [], probabilities = false, run, samples = 1 }: Options): WantedMaps {
  const disagreement = uncertainty.find((text) => text !== 'entropy');
  if (disagreement !== undefined && run.length * samples < 2) {
    throw new SegError('invalid-argument', {
      where: 'seg predict',
      problem: `${disagreement} is the disagreement of several predictions, and there would be only one`,
      hint: 'Give --samples 20, or --run several times.',
    });
  }
  return { uncertainty: uncertainty.map((text) => measureNames[text]), probabilities };
}

function round(images: number): number {
  return Math.round(images * 100) / 100;
}
