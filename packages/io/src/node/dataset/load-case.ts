import { SegError, type Volume } from '@seg/core';
import type { LabelMap } from '../../dataset/dataset-types.ts';
import { overrideSpacing } from '../../dataset/override-spacing.ts';
import { stackChannels } from '../../dataset/stack-channels.ts';
import { readLabelMap, readVolume } from '../files/index.ts';

type Spacing = readonly [number, number, number];

/** Reads the image files of a case as one volume; checks the number of channels. */
export async function loadCaseImage(
  id: string,
  paths: readonly string[],
  options: { readonly channels: number; readonly spacingMm?: Spacing | undefined },
): Promise<Volume<Float32Array>> {
  const volumes: Volume[] = [];
  for (const path of paths) volumes.push(await readVolume(path));
  const image = stackChannels(volumes, `case ${id}`);
  if (image.channels !== options.channels) {
    throw new SegError('shape-mismatch', {
      where: `case ${id}`,
      problem: `${paths.join(', ')}: the number of channels differs from the data set's`,
      got: image.channels,
      expected: options.channels,
      hint: 'Correct the channel list of the data set, or the file.',
    });
  }
  return options.spacingMm === undefined ? image : overrideSpacing(image, options.spacingMm);
}

/** Reads the label map of one reader of a case. */
export async function loadCaseLabel(
  id: string,
  paths: readonly string[],
  options: { readonly reader: number; readonly spacingMm?: Spacing | undefined },
): Promise<LabelMap> {
  const path = paths[options.reader];
  if (path === undefined) {
    throw new SegError('not-found', {
      where: `case ${id}`,
      problem: `no label map of reader ${options.reader}`,
      expected: `a reader below ${paths.length}`,
      hint: 'Leave out cases that are not annotated: their labelPaths is empty.',
    });
  }
  const label = await readLabelMap(path);
  return options.spacingMm === undefined ? label : overrideSpacing(label, options.spacingMm);
}
