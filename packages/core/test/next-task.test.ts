import { nextTask } from '@seg/core';
import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => vi.unstubAllGlobals());

it('lets a timer that is due run, which resolved promises do not', async () => {
  let ran = false;
  setTimeout(() => {
    ran = true;
  }, 0);
  const until = performance.now() + 5;
  while (performance.now() < until) await Promise.resolve();
  expect(ran).toBe(false);
  await nextTask();
  await nextTask();
  expect(ran).toBe(true);
});

it('does without immediates, as browsers do', async () => {
  vi.stubGlobal('setImmediate', undefined);
  await expect(nextTask()).resolves.toBeUndefined();
});
