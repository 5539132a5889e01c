import { findBackend, findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { processorGflopPerSecond } from '../capacity.ts';
import { systemMemoryBytes } from '../runtime/system-memory.ts';
import type { BackendAdapter } from './adapter.ts';

const priority = 1;
/** Where a browser does not tell the machine's memory. */
const unknownBytes = 4 * 2 ** 30;

/** tfjs's plain JavaScript backend: slow, simple, the reference for tests. */
export const cpuAdapter: BackendAdapter = {
  tfjsName: 'cpu',
  async availability() {
    return { available: true, reason: 'plain JavaScript, runs everywhere' };
  },
  async start() {
    // A native binding brings the same backend along; registering it twice prints a line for each kernel.
    if (findBackendFactory('cpu') === null) await import('@tensorflow/tfjs-backend-cpu');
    await setBackend('cpu');
    // Keeps the backend from printing advice to install tfjs-node.
    (findBackend('cpu') as unknown as { firstUse: boolean }).firstUse = false;
    return {
      threads: 1,
      variant: '',
      description: 'cpu: plain JavaScript, 1 thread',
      capacity: {
        memoryBytes: systemMemoryBytes() ?? unknownBytes,
        tensorBytes: Number.POSITIVE_INFINITY,
        gflopPerSecond: processorGflopPerSecond,
      },
      dispose() {
        const factory = findBackendFactory('cpu');
        removeBackend('cpu');
        registerBackend('cpu', factory, priority);
      },
    };
  },
};
