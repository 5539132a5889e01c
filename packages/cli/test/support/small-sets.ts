import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createVolume, Rng, type Triple } from '@seg/core';
import { writeNifti } from '@seg/io/node';

const SHAPE: Triple = [10, 12, 8];
const VOXELS = SHAPE[0] * SHAPE[1] * SHAPE[2];

/** Writes an image of noise with a bright box, one block a channel. */
export async function writeImageFile(path: string, channels = 1, seed = 0): Promise<void> {
  const rng = Rng.fromSeed(seed);
  const data = Float32Array.from({ length: channels * VOXELS }, (_, i) => rng.uniform() + (inBox(i % VOXELS) ? 2 : 0));
  await mkdir(dirname(path), { recursive: true });
  await writeNifti(path, createVolume(data, SHAPE, { channels, spacingMm: [2, 1, 1] }));
}

/** Writes the label map of that box. */
export async function writeLabelFile(path: string): Promise<void> {
  const data = Uint8Array.from({ length: VOXELS }, (_, i) => (inBox(i) ? 1 : 0));
  await mkdir(dirname(path), { recursive: true });
  await writeNifti(path, createVolume(data, SHAPE, { spacingMm: [2, 1, 1] }));
}

function inBox(i: number): boolean {
  const [z, y, x] = [Math.floor(i / (SHAPE[1] * SHAPE[2])), Math.floor(i / SHAPE[2]) % SHAPE[1], i % SHAPE[2]];
  return z >= 3 && z < 7 && y >= 3 && y < 9 && x >= 2 && x < 6;
}

export interface SmallSet {
  /** Image files of a case: a path for each channel, or one with all channels. */
  readonly images: (id: string) => readonly string[];
  readonly label: (id: string) => string;
  readonly channels?: number;
  /** A file that describes the set. */
  readonly description?: readonly [string, unknown];
  readonly ids?: readonly string[];
}

export const IDS = ['a', 'b', 'c', 'd'];

/** Writes a data set of cases with one bright box each. */
export async function writeSmallSet(folder: string, set: SmallSet): Promise<void> {
  const { images, label, channels = 1, description, ids = IDS } = set;
  for (const [i, id] of ids.entries()) {
    const paths = images(id);
    for (const [c, path] of paths.entries()) {
      await writeImageFile(join(folder, path), channels / paths.length, 10 * i + c);
    }
    await writeLabelFile(join(folder, label(id)));
  }
  if (description !== undefined) await writeFile(join(folder, description[0]), JSON.stringify(description[1]));
}

/** An nnU-Net data set with this many channels. */
export function nnunetSet(channels: number): SmallSet {
  const number = (c: number) => String(c).padStart(4, '0');
  return {
    channels,
    images: (id) => Array.from({ length: channels }, (_, c) => `imagesTr/${id}_${number(c)}.nii.gz`),
    label: (id) => `labelsTr/${id}.nii.gz`,
    description: [
      'dataset.json',
      {
        channel_names: Object.fromEntries(Array.from({ length: channels }, (_, c) => [c, `MR${c}`])),
        labels: { background: 0, box: 1 },
        numTraining: IDS.length,
        file_ending: '.nii.gz',
      },
    ],
  };
}
