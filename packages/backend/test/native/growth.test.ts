import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { listBackends } from '../../src/node/index.ts';

const [installed] = listBackends();
const child = fileURLToPath(new URL('growth-child.ts', import.meta.url));
// 400 steps: a tensor of 20 kB that each left behind, on whichever side, would be 8 MiB. Measured: below 2 and 0.4.
const allowedMiB = 8;

interface Memory {
  readonly own: number;
  readonly heap: number;
  readonly numTensors: number;
  readonly numBytes: number;
}

// With V8's young generation held small: left alone, it alone grows by 100 MiB over some hundred steps and then stops.
test.skipIf(installed === undefined)('600 steps of a training: memory levels off', { timeout: 300_000 }, () => {
  const flags = ['--expose-gc', '--max-semi-space-size=2', '--conditions=@seg/source', '--no-warnings'];
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, child, installed!.name], { encoding: 'utf8' });
  if (!stdout.includes('[')) throw new Error(stderr);
  const found = JSON.parse(stdout.slice(stdout.indexOf('['))) as Memory[];
  const [first, , last] = found as [Memory, Memory, Memory];
  expect(found.map(({ numTensors, numBytes }) => [numTensors, numBytes])).toEqual(
    found.map(() => [first.numTensors, first.numBytes]),
  );
  expect(last.own - first.own).toBeLessThan(allowedMiB);
  expect(last.heap - first.heap).toBeLessThan(allowedMiB);
});
