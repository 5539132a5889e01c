import { stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { SegError } from '@seg/core';
import { groupImages, type ImageGroup, type ImageNaming } from '@seg/io';
import { describeError } from '../terminal/describe-error.ts';
import { collectImageFiles, type FoundFile } from './collect-image-files.ts';
import type { FilePredictionError } from './predict-file.ts';

/** One image to segment. */
export interface PredictionInput {
  /** Its files: one, or one a channel in order. */
  readonly paths: readonly string[];
  /** File name of its prediction, below the sub-folder where the image lies in one of a folder that was named. */
  readonly name: string;
}

export interface PredictionInputs {
  readonly images: readonly PredictionInput[];
  /** What makes no image, or could be meant in two ways. */
  readonly refused: readonly FilePredictionError[];
  /** Sentences about files of folders that were left out. */
  readonly warnings: readonly string[];
}

/** What a run says of the images that it segments. */
export interface PredictionSource {
  readonly channels: number;
  /** Which files make one image; absent in runs that are older than this record. */
  readonly naming?: ImageNaming;
  /** Folder of the run's data set, where no file is replaced. */
  readonly root?: string;
}

/**
 * The images that files and folders stand for. Which files make one image is the rule of the data set that the run was
 * trained on; what does not make one is refused by itself.
 *
 * Predictions are called as their images, without the marks of channels (`case_0000.nii.gz` makes `case.nii.gz`), and
 * in BIDS with the suffix `_dseg` in place of the image's.
 */
export async function findPredictionInputs(
  inputs: readonly string[],
  out: string,
  { channels, naming, root }: PredictionSource,
): Promise<PredictionInputs> {
  const { files, missing, warnings } = await collectImageFiles(inputs, {
    nested: naming?.nested === true,
    except: out,
  });
  const refused = missing.map(({ input, problem }) => failure('not-found', input, problem, 'Check the path.'));
  const grouped = groupImages(files, naming, channels);
  for (const group of grouped.refused) {
    const hint = 'Give every file of an image, each once and all in one format.';
    refused.push(failure('invalid-argument', group.files[0]!.shown, group.problem, hint));
  }
  if (grouped.leftOut.length > 0) {
    const names = shortList(grouped.leftOut.map(({ shown }) => shown));
    warnings.push(
      `left out, for the run's images are named otherwise: ${names}; name such a file itself to segment it`,
    );
  }
  const order = new Map(files.map((file, i) => [file, i]));
  const images = [...grouped.images].sort((a, b) => order.get(a.files[0]!)! - order.get(b.files[0]!)!);
  const taken = new Set(files.map(({ path }) => path));
  const found: PredictionInput[] = [];
  for (const image of images) {
    const name = predictionName(image);
    const first = image.files[0]!.shown;
    const others = images.filter((other) => other !== image && outputKey(other) === outputKey(image));
    if (others.length > 0) refused.push(nameTwice(first, others[0]!.files[0]!.shown, name));
    else if (taken.has(slashed(resolve(out, name)))) {
      const problem = `the prediction would overwrite the image ${join(out, name)}`;
      refused.push(failure('invalid-argument', first, problem, 'Choose another folder with --out.'));
    } else if (root !== undefined && (await isFileInside(resolve(out, name), root))) {
      const problem = `the prediction would overwrite ${join(out, name)}, a file in the folder of the run's data set`;
      refused.push(failure('invalid-argument', first, problem, 'Choose another folder with --out.'));
    } else found.push({ paths: image.files.map(({ shown }) => shown), name });
  }
  return { images: found, refused, warnings };
}

/** Compared without endings and in one Unicode form: `seg evaluate` would take x.nii and x.nrrd for one case. */
function outputKey({ name }: ImageGroup): string {
  return name.normalize();
}

function nameTwice(first: string, other: string, name: string): FilePredictionError {
  const isSame = first === other || resolve(first) === resolve(other);
  const problem = isSame
    ? `${first} is named twice; its predictions would have the same name (${name})`
    : `the predictions of ${first} and ${other} would have the same name (${name})`;
  const hint = isSame ? 'Name it once.' : 'Predict them into different folders, or leave one out.';
  return failure('invalid-argument', first, problem, hint);
}

/** The image's own ending where one file has that; otherwise .nii.gz, or what holds header and voxels together. */
function predictionName({ files, name }: ImageGroup<FoundFile>): string {
  const ending = files.length === 1 ? files[0]!.ending : '';
  if (/^\.(nii|nii\.gz|nrrd|mha|npy)$/i.test(ending)) return name + ending;
  return `${name}.${/^\.mhd$/i.test(ending) ? 'mha' : /^\.nhdr$/i.test(ending) ? 'nrrd' : 'nii.gz'}`;
}

async function isFileInside(path: string, root: string): Promise<boolean> {
  const folder = resolve(root);
  return path.startsWith(folder + sep) && (await stat(path).catch(() => undefined)) !== undefined;
}

function slashed(path: string): string {
  return path.split(sep).join('/');
}

/** At most five, and how many more. */
function shortList(names: readonly string[]): string {
  return names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '');
}

function failure(code: 'not-found' | 'invalid-argument', image: string, problem: string, hint: string) {
  return { image, error: describeError(new SegError(code, { where: 'seg predict', problem, hint })) };
}
