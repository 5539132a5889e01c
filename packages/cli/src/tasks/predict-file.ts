import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isSegError, SegError, type Volume, voxelVolumeMl } from '@seg/core';
import { stackChannels, toVolume } from '@seg/io';
import { readImage, readLabelMap, writeImage } from '@seg/io/node';
import { type EnsembleMember, type PredictEnsembleOptions, predictEnsemble } from '@seg/train';
import { describeError } from '../terminal/describe-error.ts';
import type { PredictionInput } from './prediction-inputs.ts';
import { isPredicted, outputsOf, type PredictionOutputs } from './prediction-outputs.ts';

export interface PredictFileOptions extends Omit<PredictEnsembleOptions, 'onProgress' | 'overlap'> {
  /** Leave an image alone whose files are all there. Default false. */
  readonly skipExisting?: boolean;
  /** Part of the image that is done, in [0, 1]. */
  readonly onProgress?: (part: number) => void;
}

export interface FilePrediction {
  readonly image: string;
  /** Path of the label map. */
  readonly prediction: string;
  /** By label value. */
  readonly volumeMl: Readonly<Record<number, number>>;
  /** Path of the mean probabilities, one channel a class. */
  readonly probabilities?: string;
  /** Paths of the uncertainty maps, by measure. */
  readonly uncertainty: PredictionOutputs['uncertainty'];
  /** Whether the files were there before and were left alone; the volumes are theirs. */
  readonly skipped: boolean;
  readonly seconds: number;
}

export interface FilePredictionError {
  readonly image: string;
  readonly error: { readonly code: string; readonly message: string };
}

/**
 * Segments an image file and writes the label map and the maps that are asked for, with the image's own geometry, into a
 * folder. The label map comes last: where it is, all of them are.
 *
 * @returns what was written, or the reason why this image cannot be segmented.
 * @throws SegError `aborted`; `io-failure` when nothing can be written at all.
 */
export async function predictFile(
  runs: readonly EnsembleMember[],
  input: PredictionInput,
  out: string,
  options: PredictFileOptions = {},
): Promise<FilePrediction | FilePredictionError> {
  const start = performance.now();
  const { paths } = input;
  const image = paths[0]!;
  const { onProgress, skipExisting = false, ...prediction } = options;
  const { uncertainty = [], probabilities = false } = options;
  const outputs = outputsOf(input, out, { uncertainty, probabilities });
  const done = (labels: Volume, skipped: boolean): FilePrediction => ({
    image,
    prediction: outputs.labels,
    volumeMl: volumesOf(labels, runs[0]!.labelValues),
    ...(outputs.probabilities === undefined ? {} : { probabilities: outputs.probabilities }),
    uncertainty: outputs.uncertainty,
    skipped,
    seconds: (performance.now() - start) / 1000,
  });
  try {
    if (skipExisting && (await isPredicted(outputs))) return done(await readLabelMap(outputs.labels), true);
    const files = [];
    for (const path of paths) files.push(await readImage(path));
    const volume = stackChannels(
      files.map((file, i) => toVolume(file, { name: paths[i]! })),
      paths.join(' + '),
    );
    checkChannels(volume.channels, paths, runs[0]!.plan.preprocessing.normalisation.length);
    const result = await predictEnsemble(runs, volume, {
      ...prediction,
      ...(onProgress === undefined ? {} : { onProgress: ({ done, total }) => onProgress(done / total) }),
    });
    await mkdir(dirname(outputs.labels), { recursive: true });
    const like = files[0]!;
    const write = (path: string, values: Volume) => writeImage(path, values, { like, compressionLevel: 1 });
    if (result.probabilities !== undefined) await write(outputs.probabilities!, result.probabilities);
    for (const measure of uncertainty) await write(outputs.uncertainty[measure]!, result.uncertainty[measure]!);
    await write(outputs.labels, result.labels);
    return done(result.labels, false);
  } catch (error) {
    if (isSegError(error, 'aborted') || isSegError(error, 'backend-failure')) throw error;
    const { code, message } = describeError(error);
    if (!isSegError(error) && code !== 'limit-exceeded') throw error;
    return { image, error: { code, message: message.includes(image) ? message : `${image}: ${message}` } };
  }
}

function volumesOf(labels: Volume, values: readonly number[]): Readonly<Record<number, number>> {
  const counts = new Map(values.map((value) => [value, 0]));
  for (const value of labels.data) if (value !== 0) counts.set(value, (counts.get(value) ?? 0) + 1);
  const voxelMl = voxelVolumeMl(labels);
  return Object.fromEntries([...counts].map(([value, count]) => [value, count * voxelMl]));
}

function checkChannels(channels: number, paths: readonly string[], expected: number): void {
  if (channels === expected) return;
  const one = expected === 1 ? 'one channel' : `all ${expected} channels`;
  throw new SegError('shape-mismatch', {
    where: paths.join(' + '),
    problem: 'the image has another number of channels than those of the training',
    got: channels,
    expected,
    hint: `Give one file with ${one}, or files named as in the run's data set (see data.images in its config.json).`,
  });
}
