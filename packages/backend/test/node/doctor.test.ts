import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';
import { adviceFor } from '../../src/node/doctor/advice.ts';
import { type DoctorReport, doctor, formatDoctor } from '../../src/node/index.ts';

test('reports the machine, tries every backend, and leaves the current one alone', async () => {
  const wasm = await startBackend({ name: 'wasm' });
  const x = tf.tensor1d([1, 2, 3]);
  const report = await doctor({ measure: false });
  expect(tf.getBackend()).toBe('wasm');
  expect([...x.dataSync()]).toEqual([1, 2, 3]);
  expect(report.node.version).toBe(process.versions.node);
  expect(report.backends.find(({ name }) => name === 'cpu')?.works).toBe(true);
  expect(report.backends.find(({ name }) => name === 'wasm')?.description).toContain('running');
  expect(report.kernelMemory[0]?.scratchLimitBytes).toBeGreaterThan(0);
  expect(report.memory.limitBytes).toBeLessThanOrEqual(report.memory.totalBytes);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  expect(formatDoctor(report)).toContain(wasm.description);
  x.dispose();
  wasm.dispose();
});

test('measures the revectorizer where there is one', async () => {
  const { revectorizer } = await doctor({ startBackends: false });
  if (revectorizer.available) expect(revectorizer.gain).toBeGreaterThan(0);
  else expect(revectorizer.note).not.toBe('');
});

test('says what to do about an old Node, little memory, one thread and a dead backend', () => {
  const report: Omit<DoctorReport, 'advice'> = {
    node: { version: '20.19.0', v8: '11.3' },
    platform: 'linux',
    processor: 'test',
    cores: 4,
    memory: { totalBytes: 2 ** 31, freeBytes: 2 ** 30, limitBytes: 2 ** 31, wasmLimitBytes: 2 ** 32 },
    simd: 'simd',
    threads: 1,
    backends: [{ name: 'wasm', works: false, description: 'broken' }],
    defaultBackend: 'wasm',
    gpuDriver: '550.54.14',
    kernelMemory: [],
    revectorizer: { available: true, gain: 1.6, note: '' },
    versions: {},
  };
  const advice = adviceFor(report);
  expect(adviceFor(report, ['no GPU device']).map(({ problem }) => problem)).toContain('no GPU device');
  const problems = advice.map(({ problem }) => problem).join('\n');
  for (const part of ['broken', 'relaxed SIMD', 'one thread', '2.0 GiB', '1.6 times', 'NVIDIA GPU'])
    expect(problems).toContain(part);
  const text = formatDoctor({ ...report, advice });
  expect(text).toContain('- wasm (default)');
  expect(text).toContain('Node 22 or later');
  expect(
    adviceFor({
      ...report,
      simd: 'relaxed',
      threads: 4,
      backends: [{ name: 'cuda', works: true, description: '' }],
      memory: { ...report.memory, limitBytes: 2 ** 33 },
      revectorizer: { available: false, gain: null, note: '' },
    }),
  ).toEqual([]);
});
