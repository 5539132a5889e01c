import { type StartedBackend, startBackend } from '@seg/backend';
import { listBackends } from '@seg/backend/node';
import { beforeAll, describe } from 'vitest';

/**
 * The backends that every machine has, and a native one if this machine has one installed (a process can load only
 * one); SEG_TEST_BACKENDS=cuda,cpu chooses others.
 */
const names = (process.env.SEG_TEST_BACKENDS?.split(',') ?? [
  'cpu',
  'wasm',
  ...listBackends()
    .slice(0, 1)
    .map(({ name }) => name),
]) as StartedBackend['name'][];

/**
 * Runs a suite once per backend, with that backend started and current before its first test.
 *
 * @example
 * describeBackends('softDice', (backend) => {
 *   test('is 1 for a perfect prediction', () => { ... });
 * });
 */
export function describeBackends(name: string, suite: (backend: StartedBackend['name']) => void): void {
  for (const backend of names) {
    describe(`${name} on ${backend}`, () => {
      beforeAll(async () => {
        await startBackend({ name: backend, allowCpuFallback: true });
      });
      suite(backend);
    });
  }
}
