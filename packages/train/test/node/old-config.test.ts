import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRunConfig } from '@seg/train/node';
import { afterAll, expect, it } from 'vitest';

const run = mkdtempSync(join(tmpdir(), 'seg-old-run-'));
afterAll(() => rmSync(run, { recursive: true }));

it('reads the network of a run that was made before kinds were named as a plain U-Net', async () => {
  const network = { inputChannels: 1, classes: 2, features: [4, 8] };
  const data = { root: '/data', name: 'old', channels: ['MRI'], labels: [{ value: 1, name: 'a' }], train: [] };
  const plan = { patchSize: [8, 8, 8], network };
  const config = { schemaVersion: 1, method: 'supervised', data: { ...data, validation: [] }, plan };
  writeFileSync(join(run, 'config.json'), JSON.stringify(config));
  expect((await readRunConfig(run)).plan.network).toEqual({ kind: 'unet3d', ...network });
});
