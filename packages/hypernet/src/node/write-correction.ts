import { join } from 'node:path';
import type { Volume } from '@seg/core';
import { axisCodesOf, reorient } from '@seg/io';
import { writeImage } from '@seg/io/node';
import { foreground, type MapCaseOptions } from '../cases/map-case.ts';
import { restoreMask } from '../cases/restore-mask.ts';
import { correctLabel } from '../map/correct-label.ts';
import type { CurationCase } from './read-cases.ts';

export interface WriteCorrectionOptions extends MapCaseOptions {
  /** Label values of the data set, in order: an empty label of merged structures is filled with the first; default 1. */
  readonly declaredLabels?: readonly number[];
}

/**
 * Writes a case's corrected label and disagreement map on the scan's own grid. Voxels that nobody annotated keep their
 * value and count as not looked at.
 */
export async function writeCorrection(
  out: string,
  { item, working, axisCodes }: CurationCase,
  probabilities: Float32Array,
  options: WriteCorrectionOptions,
): Promise<void> {
  const given = await item.loadLabel();
  const turned = reorient(given, axisCodes);
  const predicted = restoreMask(probabilities, working, turned.shape).map((value, i) =>
    turned.data[i] === options.ignoreLabel ? 255 : value,
  );
  const isForeground = foreground(options);
  const values = options.labels ?? [...new Set(given.data)].filter(isForeground).sort((a, b) => a - b);
  // A case's own classes come before the data set's.
  const declared = item.labels?.map(({ value }) => value) ?? options.declaredLabels;
  const { corrected, map } = correctLabel(turned.data, predicted, {
    shape: turned.shape,
    labels: values.length > 0 ? values : [declared?.[0] ?? 1],
  });
  const stored = axisCodesOf(given.affine);
  const like = (data: Uint8Array | Int16Array | Int32Array): Volume => ({
    ...given,
    data: reorient({ ...turned, data }, stored).data,
  });
  await writeImage(join(out, 'corrected', `${item.id}.nii.gz`), like(corrected));
  await writeImage(join(out, 'disagreement', `${item.id}.nii.gz`), like(map));
}
