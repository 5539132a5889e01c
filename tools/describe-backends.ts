import { type StartedBackend, startBackend } from '@seg/backend';
import { beforeAll, describe } from 'vitest';

/** The backends that every machine of ours has. */
const names = ['cpu', 'wasm'] as const;

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
        await startBackend({ name: backend });
      });
      suite(backend);
    });
  }
}
