import { nodeBuiltin } from './node-builtins.ts';

// Beyond this the kernels are bound by memory traffic.
const maxThreads = 16;

/** The number of threads that suits this machine: its available processors, at most 16. */
export function machineThreads(): number {
  const os = nodeBuiltin<{ availableParallelism(): number }>('node:os');
  const cores = os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
  return Math.max(1, Math.min(maxThreads, cores));
}
