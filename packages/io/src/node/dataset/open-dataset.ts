import { SegError } from '@seg/core';
import type { Dataset } from '../../dataset/dataset-types.ts';
import { describeFinding } from '../../dataset/verification-report.ts';
import { type OpenDatasetOptions, readDataset } from './read-dataset.ts';

/**
 * Opens a folder as a data set: our manifest (`seg.json`), a Medical Segmentation Decathlon or nnU-Net v2
 * `dataset.json`, BIDS derivatives, or plain `images/` and `labels/`. No voxels are read, but for plain folders and
 * BIDS without a label table the label maps, to learn their values.
 *
 * What differs from what the layout promises but loses no annotation is in `findings` of the result (`verifyDataset`
 * tells it as well).
 *
 * @throws SegError `not-found`, `corrupt-data` or `invalid-argument` that names the file, the fault and the cure; that
 * includes misnamed label maps, cases of which the layout demands one, and whatever could be meant in two ways.
 * @example
 * const dataset = await openDataset('data/hippocampus');
 * const image = await dataset.cases[0]!.loadImage();
 */
export async function openDataset(folder: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const dataset = await readDataset(folder, options);
  const errors = dataset.findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return dataset;
  const shown = errors.slice(0, 20).map((finding) => `\n- ${describeFinding(finding)}`);
  throw new SegError(errors.every(({ code }) => code === 'missing-image') ? 'not-found' : 'invalid-argument', {
    where: dataset.root,
    problem: `the folder does not hold what its layout (${dataset.layout}) promises, or holds it twice:${shown.join('')}${errors.length > 20 ? `\n- and ${errors.length - 20} more` : ''}\n`,
    hint: errors[0]!.hint,
  });
}
