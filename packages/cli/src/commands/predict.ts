import { type Command, Option } from 'commander';
import type { FilePrediction, FilePredictionError } from '../tasks/predict-file.ts';
import { addBackendOptions, type BackendOptions, startChosenBackend } from '../terminal/backend-options.ts';
import type { Cli } from '../terminal/cli.ts';
import { startProgress } from '../terminal/progress.ts';

interface Options extends BackendOptions {
  readonly run: string;
  readonly out: string;
  readonly checkpoint?: 'best' | 'last';
  readonly mirror: boolean;
  readonly json?: boolean;
}

/** Adds `seg predict`. */
export function addPredict(program: Command, cli: Cli): void {
  const command = program
    .command('predict')
    .summary('segment images with a trained run')
    .description('Segments images; label maps lie on the grid of their image and bear its name.')
    .argument('<image_or_dir...>', 'image files, or folders of them')
    .requiredOption('--run <run>', 'folder that seg train wrote')
    .requiredOption('--out <dir>', 'folder for the label maps')
    .addOption(
      new Option('--checkpoint <name>', 'which weights (default: best, or last where nothing was validated)').choices([
        'best',
        'last',
      ]),
    )
    .option('--no-mirror', 'predict once, not once for each mirroring: faster, slightly worse');
  addBackendOptions(command)
    .option('--json', 'print one JSON object for each image')
    .addHelpText(
      'after',
      `
An image that cannot be segmented is reported and the others are still segmented; the exit code is then 1. Which files
make one image is the rule of the data set that the run was trained on (data.images in config.json): nnU-Net's
X_0000.nii.gz, X_0001.nii.gz make X.nii.gz, BIDS's sub-1_T1w.nii.gz makes sub-1_dseg.nii.gz, and in other sets a file
that holds all channels keeps its name. seg evaluate pairs these names with those of the label maps.

Examples:
  $ seg predict --run run --out predictions scan.nii.gz
  $ seg predict --run run --out predictions data/imagesTs --json`,
    )
    .action(async (inputs: string[], options: Options) => {
      const { run, out, checkpoint, mirror } = options;
      const { mkdir } = await import('node:fs/promises');
      const { loadRun, readRunConfig } = await import('@seg/train/node');
      const { predictFile } = await import('../tasks/predict-file.ts');
      const { fullRegistry } = await import('../tasks/registry.ts');
      const { requireWritableFolder } = await import('@seg/io/node');
      const { findPredictionInputs } = await import('../tasks/prediction-inputs.ts');
      await requireWritableFolder('seg predict', out);
      const { data } = await readRunConfig(run);
      const { images, refused, warnings } = await findPredictionInputs(inputs, out, {
        channels: data.channels.length,
        root: data.root,
        ...(data.images === undefined ? {} : { naming: data.images }),
      });
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
      const loaded = await loadRun(run, {
        ...(await fullRegistry(cli.methods)),
        onWarning: (message) => cli.stderr(`seg: ${message}\n`),
        ...(checkpoint === undefined ? {} : { checkpoint }),
      });
      await mkdir(out, { recursive: true });
      const progress = await startProgress(cli, 'predicting');
      try {
        for (const [i, image] of images.entries()) {
          const result = await predictFile(loaded, image, out, {
            signal: cli.signal,
            onProgress: (part) => progress.update(round(i + part), images.length, { text: image.name }),
            ...(mirror ? {} : { mirrorAxes: [] }),
          });
          report(result);
        }
      } finally {
        progress.stop();
        loaded.dispose();
        backend.dispose();
      }
    });
}

function round(images: number): number {
  return Math.round(images * 100) / 100;
}
