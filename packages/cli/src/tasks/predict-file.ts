import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isSegError, SegError, voxelVolumeMl } from '@seg/core';
import { stackChannels, toVolume } from '@seg/io';
import { readImage, writeImage } from '@seg/io/node';
import { type PredictVolumeOptions, predictVolume, type VolumeSegmenter } from '@seg/train';
import { describeError } from '../terminal/describe-error.ts';
import type { PredictionInput } from './prediction-inputs.ts';

export interface PredictFileOptions extends Pick<PredictVolumeOptions, 'mirrorAxes' | 'signal'> {
  /** Part of the image that is done, in [0, 1]. */
  readonly onProgress?: (part: number) => void;
}

export interface FilePrediction {
  readonly image: string;
  /** Path of the label map. */
  readonly prediction: string;
  /** By label value. */
  readonly volumeMl: Readonly<Record<number, number>>;
  readonly seconds: number;
}

export interface FilePredictionError {
  readonly image: string;
  readonly error: { readonly code: string; readonly message: string };
}

/**
 * Segments an image file and writes the label map, with the image's own geometry, into a folder.
 *
 * @returns what was written, or the reason why this image cannot be segmented.
 * @throws SegError `aborted`; `io-failure` when nothing can be written at all.
 */
export async function predictFile(
  run: VolumeSegmenter,
  { paths, name }: PredictionInput,
  out: string,
  options: PredictFileOptions = {},
): Promise<FilePrediction | FilePredictionError> {
  const start = performance.now();
  const image = paths[0]!;
  const { onProgress, signal, mirrorAxes } = options;
  try {
    const files = [];
    for (const path of paths) files.push(await readImage(path));
    const volume = stackChannels(
      files.map((file, i) => toVolume(file, { name: paths[i]! })),
      paths.join(' + '),
    );
    checkChannels(volume.channels, paths, run.plan.preprocessing.normalisation.length);
    const labels = await predictVolume(run, volume, {
      ...(mirrorAxes === undefined ? {} : { mirrorAxes }),
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress: ({ done, total }) => onProgress(done / total) }),
    });
    const prediction = join(out, name);
    await mkdir(dirname(prediction), { recursive: true });
    await writeImage(prediction, labels, { like: files[0]!, compressionLevel: 1 });
    const counts = new Map(run.labelValues.map((value) => [value, 0]));
    for (const value of labels.data) if (value !== 0) counts.set(value, (counts.get(value) ?? 0) + 1);
    const voxelMl = voxelVolumeMl(labels);
    const volumeMl = Object.fromEntries([...counts].map(([value, count]) => [value, count * voxelMl]));
    return { image, prediction, volumeMl, seconds: (performance.now() - start) / 1000 };
  } catch (error) {
    if (isSegError(error, 'aborted') || isSegError(error, 'backend-failure')) throw error;
    const { code, message } = describeError(error);
    if (!isSegError(error) && code !== 'limit-exceeded') throw error;
    return { image, error: { code, message: message.includes(image) ? message : `${image}: ${message}` } };
  }
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
