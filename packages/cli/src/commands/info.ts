import type { Command } from 'commander';
import type { Cli } from '../terminal/cli.ts';

const AXES = ['x', 'y', 'z'] as const;

/** Adds `seg info`. */
export function addInfo(program: Command, cli: Cli): void {
  program
    .command('info')
    .summary('describe image files')
    .description('Describes image files: size, type, geometry, scaling and the range of the values.')
    .argument('<file...>', 'image files (NIfTI, Analyze, NRRD, MetaImage, .npy)')
    .option('--json', 'one JSON object a line, {file, error} for a file that cannot be read')
    .addHelpText(
      'after',
      `
A file that cannot be read is reported and the others are still described; the exit code is then 1.

Examples:
  $ seg info scan.nii.gz
  $ seg info --json labelsTr/*.nii.gz`,
    )
    .action(async (files: string[], options: { json?: boolean }) => {
      const { imageInfo } = await import('@seg/io/node');
      for (const file of files) {
        if (cli.signal.aborted) break;
        const info = await imageInfo(file);
        if ('error' in info) cli.failed = true;
        if (options.json === true) cli.stdout(`${JSON.stringify(info)}\n`);
        else if ('error' in info) cli.stderr(`seg: ${info.error.message}\n`);
        else {
          const { shape, dtype, byteOrder, zooms, axisCodes, slope, intercept, min, max, mean, nan, inf, warnings } =
            info;
          const sizes = zooms.map((z) => (z === null ? '?' : Number(z.toPrecision(6))));
          const further = sizes.length > 3 ? `, then ${sizes.slice(3).join(' x ')}` : '';
          const scaling = slope === null ? 'none' : `${slope} * v + ${intercept}`;
          const order = AXES.slice(0, Math.min(3, shape.length)).join(', ');
          cli.stdout(
            [
              file,
              `  shape      ${shape.join(' x ')} (${order}${shape.length > 3 ? ', ...' : ''})`,
              `  type       ${dtype}, ${byteOrder}-endian, scaling ${scaling}`,
              `  spacing    ${sizes.slice(0, 3).join(' x ')} mm (${order})${further}`,
              `  axes       ${axisCodes.map((code) => code ?? '?').join('')}`,
              `  values     ${min} to ${max}, mean ${mean}${nan + inf > 0 ? `, ${nan} NaN, ${inf} infinite` : ''}`,
              ...warnings.map((warning) => `  warning    ${warning}`),
              '',
            ].join('\n'),
          );
        }
      }
    });
}
