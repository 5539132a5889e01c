import { nextTask, SegError } from '@seg/core';

/** Lets signals come in, and throws `aborted` once the caller has stopped the task. */
export async function checkAborted(where: string, signal: AbortSignal | undefined): Promise<void> {
  await nextTask();
  if (signal?.aborted) throw new SegError('aborted', { where, problem: 'stopped by the caller', cause: signal.reason });
}
