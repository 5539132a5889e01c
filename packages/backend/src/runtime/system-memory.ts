import { nodeBuiltin } from './node-builtins.ts';

interface NodeProcess {
  constrainedMemory?(): number;
}

/**
 * Bytes of memory that this process may use: the machine's, or its control group's where that is less. Of a browser what
 * it tells, 8 GiB at most; undefined where it tells nothing.
 */
export function systemMemoryBytes(): number | undefined {
  const os = nodeBuiltin<{ totalmem(): number }>('node:os');
  if (os === undefined) {
    const { deviceMemory } = (globalThis.navigator ?? {}) as { deviceMemory?: number };
    return deviceMemory === undefined ? undefined : deviceMemory * 2 ** 30;
  }
  const limit = nodeBuiltin<NodeProcess>('node:process')?.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
}
