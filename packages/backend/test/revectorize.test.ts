import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { startBackend } from '../src/index.ts';
import { detectFeatures } from '../src/runtime/features.ts';

// In a file of its own: the V8 flag holds for the whole process.
test('starts with the revectorizer where there is one and refuses elsewhere', async () => {
  const start = startBackend({ name: 'wasm', revectorize: true });
  if (!detectFeatures().revectorizer) {
    await expect(start).rejects.toThrow('revectorize needs Node 24');
    return;
  }
  const backend = await start;
  expect(['revec', 'relaxed']).toContain(backend.variant);
  expect(tf.memory().numTensors).toBe(0);
  backend.dispose();
});
