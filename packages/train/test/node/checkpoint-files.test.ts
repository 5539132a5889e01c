import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '@seg/backend';
import { type Checkpoint, fit } from '@seg/train';
import { type CheckpointFileSystem, checkpointFiles } from '@seg/train/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { blobCases } from '../support/blob-cases.ts';
import { richMethod } from '../support/rich-method.ts';

const root = mkdtempSync(join(tmpdir(), 'seg-checkpoints-'));
let folder: string;
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
});
afterAll(() => rmSync(root, { recursive: true }));

function checkpoint(step: number): Checkpoint {
  return {
    meta: {
      schemaVersion: 1,
      method: 'm',
      contents: 'full',
      seed: 0,
      step,
      phase: 0,
      elapsedMs: 1,
      state: null,
      best: null,
      updates: {},
    },
    tensors: { 'group/a/w': { data: Float32Array.from([step, 2]), shape: [2] } },
  };
}

/** The real file system until the given call of the given operation, which fails. */
function failingAt(operation: 'write' | 'rename', call: number, error: Error): CheckpointFileSystem {
  let calls = 0;
  const fails = (kind: string) => kind === operation && ++calls === call;
  return {
    writeDurably: async (path, data) => {
      await writeFile(path, fails('write') ? data.subarray(0, 3) : data);
      if (operation === 'write' && calls === call) throw error;
    },
    rename: async (from, to) => {
      if (fails('rename')) throw error;
      await rename(from, to);
    },
  };
}

const noSpace = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

describe('checkpointFiles', () => {
  it('returns what was saved, keeps the one before, and nothing where there was none', async () => {
    const store = checkpointFiles(folder);
    expect(await store.load('last')).toBeUndefined();
    await store.save('last', checkpoint(1));
    await store.save('last', checkpoint(2));
    expect(await store.load('last')).toEqual(checkpoint(2));
    expect(readdirSync(folder).sort()).toEqual([
      'last.json',
      'last.previous.json',
      'last.previous.safetensors',
      'last.safetensors',
    ]);
  });

  it.each([1, 2])('leaves the old checkpoint intact when space runs out in write %d', async (call) => {
    await checkpointFiles(folder).save('last', checkpoint(1));
    const full = checkpointFiles(folder, { fileSystem: failingAt('write', call, noSpace) });
    await expect(full.save('last', checkpoint(2))).rejects.toMatchObject({
      code: 'io-failure',
      message: expect.stringMatching(/the one before is intact.*ENOSPC.*make room/),
    });
    expect(readdirSync(folder).sort()).toEqual(['last.json', 'last.safetensors']);
    expect((await checkpointFiles(folder).load('last'))!.meta.step).toBe(1);
  });

  it.each([1, 2, 3, 4])(
    'loads one of the two generations after a crash at rename %d of the third save',
    async (call) => {
      const store = checkpointFiles(folder);
      await store.save('last', checkpoint(1));
      await store.save('last', checkpoint(2));
      const crashing = checkpointFiles(folder, { fileSystem: failingAt('rename', call, new Error('killed')) });
      await expect(crashing.save('last', checkpoint(3))).rejects.toThrow();
      const loaded = await checkpointFiles(folder).load('last');
      expect(loaded!.meta.step).toBe(2);
      expect([...loaded!.tensors['group/a/w']!.data]).toEqual([2, 2]);
      await store.save('last', checkpoint(4));
      expect((await store.load('last'))!.meta.step).toBe(4);
    },
  );

  const damages: [string, (path: (name: string) => string) => void][] = [
    ['truncated tensors', (path) => truncateSync(path('last.safetensors'), 40)],
    [
      'one flipped byte',
      (path) => {
        const bytes = readFileSync(path('last.safetensors'));
        bytes[bytes.length - 1]! ^= 1;
        writeFileSync(path('last.safetensors'), bytes);
      },
    ],
    ['missing tensors', (path) => unlinkSync(path('last.safetensors'))],
    ['a damaged description', (path) => truncateSync(path('last.json'), 10)],
    [
      'tensors of the generation before',
      (path) => renameSync(path('last.previous.safetensors'), path('last.safetensors')),
    ],
  ];
  it.each(damages)('falls back to the previous one and says so: %s', async (_, damage) => {
    const warnings: string[] = [];
    const store = checkpointFiles(folder, { onWarning: (message) => warnings.push(message) });
    await store.save('last', checkpoint(1));
    await store.save('last', checkpoint(2));
    damage((name) => join(folder, name));
    expect((await store.load('last'))!.meta.step).toBe(1);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/continuing from step 1/);
  });

  it('says what is wrong when no generation is intact', async () => {
    const store = checkpointFiles(folder);
    await store.save('last', checkpoint(1));
    truncateSync(join(folder, 'last.safetensors'), 40);
    await expect(store.load('last')).rejects.toMatchObject({ code: 'corrupt-data' });
  });

  it('refuses a checkpoint that does not fit the method, and disposes everything', async () => {
    await startBackend({ name: 'cpu' });
    const before = tf.memory().numTensors;
    const store = checkpointFiles(folder);
    await store.save('last', { ...checkpoint(1), meta: { ...checkpoint(1).meta, method: 'rich' } });
    const options = { data: blobCases(3), budget: { steps: 2 }, patchSize: [6, 8, 8] as const, store, resume: true };
    await expect(fit(richMethod, options)).rejects.toThrow(/does not fit the method rich/);
    await expect(fit(richMethod, { ...options, seed: 4 })).rejects.toThrow(/of another training/);
    expect(tf.memory().numTensors).toBe(before);
  });
});
