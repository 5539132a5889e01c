import { type Command, InvalidArgumentError, Option } from 'commander';
import { wholeNumber } from '../terminal/arguments.ts';
import type { Cli } from '../terminal/cli.ts';
import { startProgress } from '../terminal/progress.ts';
import { formatScores } from '../terminal/score-table.ts';

interface Options {
  readonly prediction: string;
  readonly reference: string;
  readonly out: string;
  readonly labels?: readonly (number | { readonly name: string; readonly values: readonly number[] })[];
  readonly ignoreLabel?: readonly number[];
  readonly convention: 'monai' | 'medpy' | 'deepmind';
  readonly emptyDistances: 'skip' | 'penalty';
  readonly json?: boolean;
}

/** Adds `seg evaluate`. */
export function addEvaluate(program: Command, cli: Cli): void {
  program
    .command('evaluate')
    .summary('compare label maps with reference label maps')
    .description('Compares label maps with references of their names; writes cases.csv and summary.json.')
    .requiredOption('--prediction <dir>', 'folder of predicted label maps')
    .requiredOption('--reference <dir>', 'folder of reference label maps')
    .requiredOption('--out <dir>', 'folder for cases.csv and summary.json')
    .option(
      '--labels <list>',
      'labels to evaluate, such as 1,2 or 1+2 for a region (default: all that occur)',
      parseLabels,
    )
    .option(
      '--ignore-label <n>',
      'value of the references for voxels that nobody annotated; they count nowhere (may be repeated)',
      (text: string, before: readonly number[] = []) => [...before, wholeNumber(0)(text)],
    )
    .addOption(
      new Option('--convention <name>', 'how surface distances are measured')
        .choices(['monai', 'medpy', 'deepmind'])
        .default('monai'),
    )
    .addOption(
      new Option('--empty-distances <rule>', 'distances to an empty label: left out of means, or the image diagonal')
        .choices(['skip', 'penalty'])
        .default('skip'),
    )
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
cases.csv has a row for each case and label: case,label,dice,jaccard,hd95_mm,assd_mm,nsd_1mm,volume_ml,
reference_volume_ml,flags. Distances and volumes are in mm and ml by the affine of the reference; headers that contradict
themselves and sheared grids are named. summary.json has means, spreads and counts of undefined values for each label.

Beside each mean stands the number of cases that it is taken over (n). A distance to an empty label is infinite, and
left out of the mean unless --empty-distances penalty is given. The last columns count such cases: empty_prediction
where the prediction has no voxel of the label, empty_reference where the reference has none; empty_both, counted in
both, where neither has.

Voxels of an --ignore-label count as if they lay outside of the image: both maps are cut off there, and have a surface
there.

Maps are paired by name: X, X_0000 or X_img with X, X_seg (_mask, _label, _gt) or X/seg; in BIDS those of one subject,
session and run. Sub-folders are looked into. What fits in two ways is refused with both readings.

Examples:
  $ seg evaluate --prediction predictions --reference data/labelsTr --out scores
  $ seg evaluate --prediction p --reference r --out scores --labels 1,2,1+2 --convention deepmind
  $ seg evaluate --prediction p --reference r --out scores --ignore-label 3`,
    )
    .action(async (options: Options) => {
      const { mkdir } = await import('node:fs/promises');
      const { join } = await import('node:path');
      const { requireWritableFolder, writeFileAtomic } = await import('@seg/io/node');
      const { evaluateFolders } = await import('../tasks/evaluate-folders.ts');
      const { prediction, reference, out, labels, ignoreLabel, convention, emptyDistances } = options;
      const warnings: string[] = [];
      await requireWritableFolder('seg evaluate', out);
      const progress = await startProgress(cli, 'evaluating');
      try {
        const cohort = await evaluateFolders(prediction, reference, {
          convention,
          emptyDistances,
          signal: cli.signal,
          onProgress: (done, total) => progress.update(done, total),
          onWarning: (message) => warnings.push(message),
          ...(labels === undefined ? {} : { labels }),
          ...(ignoreLabel === undefined ? {} : { ignoreLabels: ignoreLabel }),
        });
        progress.stop();
        for (const warning of warnings) cli.stderr(`seg: ${warning}\n`);
        const summary = cohort.summary();
        await mkdir(out, { recursive: true });
        await writeFileAtomic(join(out, 'cases.csv'), cohort.toCsv());
        await writeFileAtomic(join(out, 'summary.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
        if (options.json === true) {
          cli.stdout(`${JSON.stringify(summary)}\n`);
          return;
        }
        const rows = Object.entries(summary.labels);
        const columns = [
          ['dice', 'dice'],
          ['hd95_mm', 'hd95Mm'],
          ['assd_mm', 'assdMm'],
          ['nsd_1mm', 'nsd'],
        ] as const;
        cli.stdout(formatScores(rows, columns));
        cli.stdout(`${join(out, 'cases.csv')}\n${join(out, 'summary.json')}\n`);
      } finally {
        progress.stop();
      }
    });
}

function parseLabels(text: string) {
  return text.split(',').map((part) => {
    const digits = part.split('+').map((value) => value.trim());
    const values = digits.map(Number);
    if (!digits.every((value) => /^\d+$/.test(value)) || !values.every(Number.isSafeInteger)) {
      throw new InvalidArgumentError('It must list labels such as 1,2 or 1,2,1+2.');
    }
    return values.length === 1 ? values[0]! : { name: part.trim(), values };
  });
}
