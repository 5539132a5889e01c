import { SegError } from '@seg/core';

/** Throws `aborted` once the caller has stopped the task. */
export function checkAborted(where: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SegError('aborted', { where, problem: 'stopped by the caller', cause: signal.reason });
}
