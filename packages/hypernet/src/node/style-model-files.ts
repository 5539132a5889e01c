import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkParams, disposeParams, type Params, SegError } from '@seg/core';
import { decodeSafetensors, encodeSafetensors } from '@seg/io';
import { writeFileAtomic } from '@seg/io/node';
import { hyperSortUnet } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import type { CurationPlan } from '../curate/plan-curation.ts';
import type { MapSettings } from '../curate/train-map.ts';
import { type StyleModel, styleModel } from '../map/style-model.ts';
import { hyperNetwork } from '../network/hyper-network.ts';

const FILE = 'model.safetensors';

/** Writes the hypernetwork's parameters into the folder of a curation. */
export async function saveStyleModel(run: string, model: StyleModel): Promise<void> {
  const tensors = Object.fromEntries(
    await Promise.all(
      Object.entries(model.params).map(async ([name, tensor]) => {
        const data = (await tensor.data()) as Float32Array;
        return [name, { dtype: 'F32', shape: tensor.shape, data }] as const;
      }),
    ),
  );
  await writeFileAtomic(join(run, FILE), encodeSafetensors(tensors));
}

/** Where a curation's styles are. */
export interface LoadedStyles {
  /** The caller disposes it. */
  readonly model: StyleModel;
  /** Latents of the dominant style, of each cluster's middle, and of each case. */
  readonly dominant: readonly number[];
  readonly centroids: readonly (readonly number[])[];
  readonly cases: Readonly<Record<string, readonly number[]>>;
}

/**
 * The hypernetwork that `curateDataset` trained, from the folder of its run: segment in any style, or take a cluster's
 * U-Net out of it with `model.networkAt(centroids[k])`.
 *
 * @throws SegError `not-found` where the folder holds no curation, `corrupt-data` or `shape-mismatch`
 * for files that do not belong together.
 */
export async function loadStyleModel(run: string): Promise<LoadedStyles> {
  const map = parseMap(run, (await read(run, 'map.json')).toString('utf8'));
  const { baseFeatures, levels, convs = 1 } = map.plan;
  const network = hyperSortUnet({ baseFeatures, levels, convs, inputChannels: map.channels });
  const hyper = hyperNetwork(network, map.settings.hyper);
  const { tensors } = decodeSafetensors(await read(run, FILE));
  const params: Params = Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape }]) => [name, tf.tensor(data as Float32Array, [...shape])]),
  );
  try {
    checkParams(`loadStyleModel: ${join(run, FILE)}`, params, hyper.paramSpecs);
    return {
      model: styleModel(network, hyper, params),
      dominant: map.dominantLatent,
      centroids: map.clusters.centroids,
      cases: Object.fromEntries(map.cases.map(({ case: id, latent }) => [id, latent])),
    };
  } finally {
    disposeParams(params);
  }
}

interface SavedMap {
  readonly plan: CurationPlan;
  readonly channels: number;
  readonly settings: MapSettings;
  readonly dominantLatent: readonly number[];
  readonly clusters: { readonly centroids: readonly (readonly number[])[] };
  readonly cases: readonly { readonly case: string; readonly latent: readonly number[] }[];
}

function parseMap(run: string, text: string): SavedMap {
  try {
    const map = JSON.parse(text) as SavedMap;
    if (Array.isArray(map.dominantLatent) && map.channels > 0) return map;
  } catch {
    // Below.
  }
  throw new SegError('corrupt-data', {
    where: join(run, 'map.json'),
    problem: 'this is no map of a curation that kept its model',
    hint: 'Name the folder that seg curate wrote.',
  });
}

async function read(run: string, name: string): Promise<Buffer> {
  return readFile(join(run, name)).catch((cause: unknown) => {
    throw new SegError('not-found', {
      where: 'loadStyleModel',
      problem: `${join(run, name)} cannot be read`,
      hint: 'Name the folder that seg curate wrote.',
      cause,
    });
  });
}
