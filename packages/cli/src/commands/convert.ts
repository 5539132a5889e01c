import type { Command } from 'commander';
import type { Cli } from '../terminal/cli.ts';

/** Adds `seg convert`. */
export function addConvert(program: Command, cli: Cli): void {
  program
    .command('convert')
    .summary('convert an image to another format')
    .description('Converts an image; the ending of the output chooses the format.')
    .argument('<in>', 'image to read')
    .argument('<out>', 'file to write')
    .option('--labels', 'write a label map: whole numbers in the smallest type that holds them, without scaling')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Voxels, type and geometry are kept, and scaling where the format has any. Formats: .nii, .nii.gz, .hdr/.img, .nrrd,
.mha, .npy; the content of the input decides how it is read. Lengths are written in mm, whatever unit the input has.

--labels repairs label maps that were saved with the scaling of an image: values within its rounding of whole numbers
become these; others are refused.

Examples:
  $ seg convert scan.hdr scan.nii.gz
  $ seg convert scan.mha scan.nii.gz
  $ seg convert --labels scaled.nii.gz labels.nii.gz`,
    )
    .action(async (input: string, output: string, options: { json?: boolean; labels?: boolean }) => {
      const { dirname } = await import('node:path');
      const { readImage, requireWritableFolder, writeImage } = await import('@seg/io/node');
      const { requireFolder } = await import('../tasks/folders.ts');
      await requireWritableFolder('seg convert', dirname(output));
      await requireFolder('seg convert', dirname(output), 'Check that the folder exists, or make it.');
      const image = await readImage(input);
      for (const warning of image.warnings) cli.stderr(`seg: ${input}: ${warning}\n`);
      let { dtype } = image;
      if (options.labels === true) {
        const { toLabelMap } = await import('@seg/io');
        const labels = toLabelMap(image, { name: input });
        dtype = labels.data instanceof Uint8Array ? 'uint8' : 'int32';
        await writeImage(output, labels, { like: image });
      } else await writeImage(output, image);
      if (options.json === true) {
        cli.stdout(`${JSON.stringify({ input, output, shape: image.shape, dtype })}\n`);
      } else cli.stdout(`${output}\n`);
    });
}
