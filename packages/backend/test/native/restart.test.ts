import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { doctor, listBackends } from '../../src/node/index.ts';

// The last one: where both are installed, `tensorflow` is then the other, which needs no driver.
const installed = listBackends();
const name = installed.at(-1)?.name;
const options = { name: name!, allowCpuFallback: true };
const { TF_NUM_INTRAOP_THREADS, OMP_NUM_THREADS } = process.env;
afterAll(() => {
  Object.assign(process.env, { TF_NUM_INTRAOP_THREADS, OMP_NUM_THREADS });
});

describe.skipIf(name === undefined)('the native backend, which a process loads once', () => {
  test('starts again after it was stopped, with the same number of threads only', async () => {
    process.env.TF_NUM_INTRAOP_THREADS = '3';
    const first = await startBackend({ ...options, threads: 1 });
    // What the caller asks for goes before the environment.
    expect(first.threads).toBe(1);
    expect(process.env.TF_NUM_INTRAOP_THREADS).toBe('1');
    first.dispose();
    await expect(startBackend({ ...options, threads: 2 })).rejects.toThrow(/number of threads once a process/);
    const second = await startBackend(options);
    expect(second.threads).toBe(1);
    expect([...tf.tidy(() => tf.square(tf.tensor1d([1, 2])).dataSync())]).toEqual([1, 4]);
  });

  test('leaves the other one to a process of its own when the doctor looks', async ({ skip }) => {
    if (installed.length < 2) skip('one native backend is installed only');
    const { backends } = await doctor({ measure: false });
    const other = backends.find((finding) => finding.name === 'tensorflow');
    expect(other).toMatchObject({ works: true });
    expect(other!.description).toMatch(/libtensorflow .* tested in a process of its own/);
  });
});
