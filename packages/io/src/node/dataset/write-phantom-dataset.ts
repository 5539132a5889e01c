import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Rng, SegError } from '@seg/core';
import type { DatasetManifest, ManifestCase } from '../../dataset/manifest-types.ts';
import { generatePhantom, organLabels, type PhantomOptions } from '../../phantom/generate-phantom.ts';
import { writeFileAtomic, writeNifti } from '../files/index.ts';
import { writeManifest } from './write-manifest.ts';

export interface PhantomDatasetOptions extends PhantomOptions {
  /** Number of annotated cases. Default 24. */
  readonly cases?: number;
  /** Called after each case. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes phantoms as a data set that other tools open too: `imagesTr/`, `labelsTr/` and a Decathlon `dataset.json`,
 * with our `seg.json` beside it. The same options write the same voxels.
 *
 * @returns the manifest.
 * @throws SegError `aborted` when the signal fires; the descriptions are written last, so an aborted folder does not
 * open as a data set.
 */
export async function writePhantomDataset(
  folder: string,
  options: PhantomDatasetOptions = {},
): Promise<DatasetManifest> {
  const { cases = 24, seed = 0, onProgress, signal, ...phantom } = options;
  if (!Number.isInteger(cases) || cases < 1 || cases > 9999) {
    throw new SegError('invalid-argument', {
      where: 'writePhantomDataset',
      problem: 'cases must be an integer from 1 to 9999',
      got: cases,
    });
  }
  const seeds = Rng.fromSeed(seed).fork('phantom cases');
  await mkdir(join(folder, 'imagesTr'), { recursive: true });
  await mkdir(join(folder, 'labelsTr'), { recursive: true });
  const entries: ManifestCase[] = [];
  for (let i = 0; i < cases; i++) {
    if (signal?.aborted) {
      throw new SegError('aborted', {
        where: 'writePhantomDataset',
        problem: 'stopped by the caller',
        cause: signal.reason,
      });
    }
    const id = `phantom_${String(i + 1).padStart(4, '0')}`;
    const { image, label } = generatePhantom({ ...phantom, seed: seeds.uint32() });
    const [imagePath, labelPath] = [`imagesTr/${id}.nii.gz`, `labelsTr/${id}.nii.gz`];
    await writeNifti(join(folder, imagePath), image, { compressionLevel: 1 }); // noise does not shrink
    await writeNifti(join(folder, labelPath), label);
    entries.push({ id, images: [imagePath], label: labelPath });
    onProgress?.(i + 1, cases);
  }
  const labels = organLabels(phantom.organs);
  const manifest: DatasetManifest = {
    schemaVersion: 1,
    name: 'Phantom',
    description: `Synthetic soft-tissue volumes with known truth, seed ${seed}.`,
    licence: 'CC0-1.0',
    labels,
    channels: ['MRI'],
    cases: entries,
  };
  const decathlon = {
    name: manifest.name,
    description: manifest.description,
    licence: manifest.licence,
    tensorImageSize: '3D',
    modality: { 0: 'MRI' },
    labels: Object.fromEntries([{ value: 0, name: 'background' }, ...labels].map(({ value, name }) => [value, name])),
    numTraining: cases,
    numTest: 0,
    training: entries.map(({ images, label }) => ({ image: `./${images[0]}`, label: `./${label}` })),
    test: [],
  };
  await writeFileAtomic(join(folder, 'dataset.json'), `${JSON.stringify(decathlon, undefined, 1)}\n`);
  await writeManifest(folder, manifest);
  return manifest;
}
