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
import { type HyperNetwork, hyperNetwork } from '../network/hyper-network.ts';

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
  const { network, hyper } = buildNetworks(run, map);
  const { tensors } = decodeSafetensors(await read(run, FILE));
  const odd = Object.entries(tensors).find(([, { dtype }]) => dtype !== 'F32');
  if (odd !== undefined) {
    throw new SegError('corrupt-data', {
      where: join(run, FILE),
      problem: `${odd[0]} is of another type than a curation writes`,
      got: odd[1].dtype,
      expected: 'F32',
    });
  }
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
  let map: unknown;
  try {
    map = JSON.parse(text);
  } catch (cause) {
    throw noMap(run, 'it is no JSON', text.slice(0, 60), cause);
  }
  if (!isRecord(map)) throw noMap(run, 'it is no object', text.slice(0, 60));
  const { plan, channels, settings, dominantLatent, clusters, cases } = map;
  const isVector = (values: unknown) => Array.isArray(values) && values.length > 0 && values.every(Number.isFinite);
  const isCase = (item: unknown) => isRecord(item) && typeof item.case === 'string' && isVector(item.latent);
  const isRight: Readonly<Record<string, boolean>> = {
    plan: isRecord(plan) && [plan.baseFeatures, plan.levels].every(Number.isInteger),
    channels: Number.isInteger(channels) && (channels as number) > 0,
    settings: isRecord(settings),
    dominantLatent: isVector(dominantLatent),
    clusters: isRecord(clusters) && Array.isArray(clusters.centroids) && clusters.centroids.every(isVector),
    cases: Array.isArray(cases) && cases.every(isCase),
  };
  const wrong = Object.keys(isRight).find((name) => !isRight[name]);
  if (wrong !== undefined) throw noMap(run, `${wrong} is missing or wrong`, map[wrong]);
  return map as unknown as SavedMap;
}

/** The networks of a map; its latents have to fit them. */
function buildNetworks(run: string, map: SavedMap) {
  const { dominantLatent, clusters, cases } = map;
  const { baseFeatures, levels, convs = 1 } = map.plan;
  let built: { readonly network: ReturnType<typeof hyperSortUnet>; readonly hyper: HyperNetwork };
  try {
    const network = hyperSortUnet({ baseFeatures, levels, convs, inputChannels: map.channels });
    built = { network, hyper: hyperNetwork(network, map.settings.hyper) };
  } catch (cause) {
    throw noMap(run, 'plan and settings describe no network', { plan: map.plan, hyper: map.settings.hyper }, cause);
  }
  const { latentDim } = built.hyper;
  const latents = [dominantLatent, ...clusters.centroids, ...cases.map(({ latent }) => latent)];
  const other = latents.find(({ length }) => length !== latentDim);
  if (other !== undefined) throw noMap(run, `a latent does not have ${latentDim} components`, other);
  return built;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function noMap(run: string, why: string, got: unknown, cause?: unknown): SegError {
  return new SegError('corrupt-data', {
    where: join(run, 'map.json'),
    problem: `this is no map of a curation that kept its model: ${why}`,
    got,
    hint: 'Name the folder that seg curate wrote.',
    ...(cause === undefined ? {} : { cause }),
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
