import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { SegError } from '@seg/core';
import { imageStem, listImages } from './folders.ts';

/** One image to segment. */
export interface PredictionInput {
  /** Its files: one, or one a channel in order. */
  readonly paths: readonly string[];
  /** File name of its prediction. */
  readonly name: string;
}

/** File names of channels end so, as in nnU-Net: `case_0000.nii.gz`, `case_0001.nii.gz`. */
const CHANNEL_SUFFIX = /_(\d{4})$/;

/**
 * The images that files and folders stand for. With several channels, files `X_0000`, `X_0001`, ... are one image.
 *
 * @throws SegError `not-found` for what does not exist or holds no image, `invalid-argument` for two images whose
 * predictions would have the same name or that a prediction would overwrite.
 */
export async function findPredictionInputs(
  inputs: readonly string[],
  out: string,
  channels: number,
): Promise<readonly PredictionInput[]> {
  const files: string[] = [];
  for (const input of inputs) {
    const info = await stat(input).catch(() => undefined);
    if (info === undefined) throw failure('not-found', `${input} does not exist`, 'Check the path.');
    if (!info.isDirectory()) {
      files.push(input);
      continue;
    }
    const names = await listImages('seg predict', input);
    if (names.length === 0) throw failure('not-found', `there are no images in ${input}`, 'Name a folder with images.');
    files.push(...names.map((name) => join(input, name)));
  }
  const images =
    channels > 1 ? groupChannels(files, channels) : files.map((path) => ({ paths: [path], name: nameFor(path) }));
  const seen = new Map<string, string>();
  for (const { paths, name } of images) {
    const other = seen.get(name);
    if (other !== undefined) {
      const problem = `the predictions of ${other} and ${paths[0]} would have the same name`;
      throw failure('invalid-argument', problem, 'Predict them into different folders.');
    }
    seen.set(name, paths[0]!);
    if (paths.some((path) => resolve(path) === resolve(out, name))) {
      const problem = `the prediction would overwrite the image ${paths[0]}`;
      throw failure('invalid-argument', problem, 'Choose another folder with --out.');
    }
  }
  return images;
}

function groupChannels(files: readonly string[], channels: number): PredictionInput[] {
  const groups = new Map<string, string[]>();
  const single: PredictionInput[] = [];
  for (const path of files) {
    const stem = imageStem(basename(path));
    const channel = stem === undefined ? null : CHANNEL_SUFFIX.exec(stem);
    if (channel === null) single.push({ paths: [path], name: nameFor(path) });
    else {
      const key = path.slice(0, path.length - basename(path).length) + stem!.slice(0, -channel[0].length);
      groups.set(key, [...(groups.get(key) ?? []), path]);
    }
  }
  const grouped = [...groups].map(([key, paths]) => {
    const sorted = paths.sort((a, b) => (a < b ? -1 : 1));
    if (sorted.length !== channels) {
      const problem = `${key} has ${sorted.length} channel files, the run was trained on ${channels} channels`;
      throw failure('not-found', problem, 'Name all channels X_0000, X_0001, ...');
    }
    return { paths: sorted, name: `${basename(key)}.nii.gz` };
  });
  return [...single, ...grouped];
}

/** The image's own name; where its format keeps header and voxels apart, that of the single-file form. */
function nameFor(path: string): string {
  const name = basename(path);
  if (/\.(nii|nii\.gz|nrrd|mha|npy)$/i.test(name)) return name;
  const ending = /\.mhd$/i.test(name) ? 'mha' : /\.nhdr$/i.test(name) ? 'nrrd' : 'nii.gz';
  return `${imageStem(name) ?? name}.${ending}`;
}

function failure(code: 'not-found' | 'invalid-argument', problem: string, hint: string): SegError {
  return new SegError(code, { where: 'seg predict', problem, hint });
}
