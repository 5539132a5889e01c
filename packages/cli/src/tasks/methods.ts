import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MethodRegistry } from '@seg/train';

/**
 * The training methods of other packages than @seg/train.
 *
 * @param run folder of the run that is trained: `latents.jsonl` is written there
 */
export async function moreMethods(run?: string): Promise<MethodRegistry> {
  const { baselineMethods, formatLatentRecord, hypersortMethods } = await import('@seg/hypernet');
  if (run === undefined) return { ...baselineMethods, ...hypersortMethods() };
  return {
    ...baselineMethods,
    ...hypersortMethods({
      onLatents: (record) => appendFileSync(join(run, 'latents.jsonl'), formatLatentRecord(record)),
    }),
  };
}
