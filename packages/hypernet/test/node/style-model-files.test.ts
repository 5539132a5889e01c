import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '@seg/backend';
import { disposeParams, isSegError, Rng } from '@seg/core';
import { encodeSafetensors } from '@seg/io';
import { hyperSortUnet } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hyperNetwork, styleModel } from '../../src/index.ts';
import { loadStyleModel } from '../../src/node/index.ts';
import { saveStyleModel } from '../../src/node/style-model-files.ts';

let run = '';
const map = {
  plan: { baseFeatures: 2, levels: 1, convs: 1 },
  channels: 1,
  settings: { hyper: { hidden: [4] } },
  dominantLatent: [0.1, 0.2],
  clusters: { centroids: [[0, 0]], silhouette: null },
  cases: [{ case: 'a', latent: [1, 2] }],
};
const writeMap = (value: unknown) => writeFile(join(run, 'map.json'), JSON.stringify(value));

beforeAll(async () => {
  await startBackend({ name: 'wasm', threads: 1 });
  run = await mkdtemp(join(tmpdir(), 'style-model-'));
  const network = hyperSortUnet({ ...map.plan, inputChannels: 1 });
  const hyper = hyperNetwork(network, map.settings.hyper);
  const params = hyper.init(Rng.fromSeed(1));
  const model = styleModel(network, hyper, params);
  await saveStyleModel(run, model);
  model.dispose();
  disposeParams(params);
});
afterAll(() => rm(run, { recursive: true, force: true }));

it('loads a model and its styles', async () => {
  const before = tf.memory().numTensors;
  await writeMap(map);
  const { model, ...styles } = await loadStyleModel(run);
  expect(styles).toEqual({ dominant: [0.1, 0.2], centroids: [[0, 0]], cases: { a: [1, 2] } });
  model.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

const { plan: _plan, ...withoutPlan } = map;
it.each<[string, unknown]>([
  ['it is no object', null],
  ['it is no object', [map]],
  ['plan', withoutPlan],
  ['plan', { ...map, plan: [] }],
  ['plan', { ...map, plan: {} }],
  ['plan', { ...map, plan: { ...map.plan, levels: 'one' } }],
  ['plan and settings', { ...map, plan: { ...map.plan, convs: -1 } }],
  ['plan and settings', { ...map, settings: { hyper: { hidden: 5 } } }],
  ['plan and settings', { ...map, settings: { hyper: null } }],
  ['channels', { ...map, channels: 1.5 }],
  ['settings', { ...map, settings: undefined }],
  ['dominantLatent', { ...map, dominantLatent: ['x'] }],
  ['dominantLatent', { ...map, dominantLatent: [Number.NaN, 0] }],
  ['a latent does not have 2 components', { ...map, dominantLatent: [1] }],
  ['clusters', { ...map, clusters: undefined }],
  ['clusters', { ...map, clusters: { centroids: [['x', 1]] } }],
  ['a latent does not have 2 components', { ...map, clusters: { centroids: [[1, 2, 3]] } }],
  ['cases', { ...map, cases: undefined }],
  ['cases', { ...map, cases: [null] }],
  ['cases', { ...map, cases: [{ case: 'a' }] }],
  ['cases', { ...map, cases: [{ case: 1, latent: [1, 2] }] }],
])('refuses a map.json of which this is wrong: %s, %j', async (what, value) => {
  const before = tf.memory().numTensors;
  await writeMap(value);
  const error = await loadStyleModel(run).catch((e: unknown) => e);
  expect(isSegError(error, 'corrupt-data'), String(error)).toBe(true);
  expect(String(error)).toContain(
    `${join(run, 'map.json')}: this is no map of a curation that kept its model: ${what}`,
  );
  expect(String(error)).toContain('Name the folder that seg curate wrote.');
  expect(tf.memory().numTensors).toBe(before);
});

it('refuses what is no JSON, and parameters of another type or network', async () => {
  await writeFile(join(run, 'map.json'), '{"plan":');
  await expect(loadStyleModel(run)).rejects.toMatchObject({ code: 'corrupt-data', got: '{"plan":' });
  const before = tf.memory().numTensors;
  await writeMap({ ...map, settings: { hyper: { hidden: [3] } } });
  await expect(loadStyleModel(run)).rejects.toMatchObject({ code: 'shape-mismatch' });
  await writeMap(map);
  const tensors = { 'trunk.0.bias': { dtype: 'I64', shape: [4], data: new BigInt64Array(4) } } as const;
  await writeFile(join(run, 'model.safetensors'), encodeSafetensors(tensors));
  await expect(loadStyleModel(run)).rejects.toMatchObject({ code: 'corrupt-data', got: 'I64', expected: 'F32' });
  expect(tf.memory().numTensors).toBe(before);
});
