import { SegError } from '@seg/core';
import { backend, findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { gpuGflopPerSecond, processorGflopPerSecond, usualGpuBytes } from '../capacity.ts';
import { gpuMemoryBytes } from '../native/gpu-memory.ts';
import { findInstalled, type NativeBackend } from '../native/installed.ts';
import { registerNativeKernels } from '../native/kernels/register.ts';
import { loadBinding, type NodeBackend } from '../native/load-binding.ts';
import { isNode } from '../runtime/node-builtins.ts';
import { systemMemoryBytes } from '../runtime/system-memory.ts';
import type { BackendAdapter } from './adapter.ts';

const priority = 3;

/** libtensorflow through the binding that `installBackend` built: `tensorflow` on the processor, `cuda` on a GPU. */
export function nativeAdapter(name: NativeBackend): BackendAdapter {
  return {
    tfjsName: 'tensorflow',
    async availability() {
      if (!isNode()) return { available: false, reason: 'native backends run in Node only' };
      const installed = findInstalled(name);
      return installed === undefined
        ? {
            available: false,
            reason: `it is not installed, or by a version with other kernels: run seg backend install ${name}`,
          }
        : { available: true, reason: `libtensorflow ${installed.tensorflow} from ${installed.source}` };
    },
    async start(options) {
      const installed = findInstalled(name)!;
      const threads = loadBinding(installed, { threads: options.threads });
      await setBackend('tensorflow');
      const running = backend() as unknown as NodeBackend;
      if (name === 'cuda' && !running.isUsingGpuDevice && !options.allowCpuFallback) {
        stop();
        throw new SegError('backend-failure', {
          where: 'startBackend',
          problem: 'libtensorflow finds no GPU that it can use',
          hint: 'Run seg doctor, which says what is missing, or pass allowCpuFallback: true to run the GPU package on the CPU.',
        });
      }
      registerNativeKernels();
      const device = running.isUsingGpuDevice ? 'GPU' : `CPU, ${threads} thread${threads > 1 ? 's' : ''}`;
      return {
        threads,
        variant: '',
        description: `${name}: libtensorflow ${running.binding.TF_Version}, ${device}`,
        capacity: {
          memoryBytes: running.isUsingGpuDevice ? (gpuMemoryBytes() ?? usualGpuBytes) : systemMemoryBytes()!,
          tensorBytes: Number.POSITIVE_INFINITY,
          gflopPerSecond: running.isUsingGpuDevice ? gpuGflopPerSecond : processorGflopPerSecond,
        },
        // The library stays loaded: it cannot be unloaded, and its settings hold for the whole process.
        dispose: stop,
      };
    },
  };
}

/** Frees the backend's tensors; it can be started again. */
function stop(): void {
  const factory = findBackendFactory('tensorflow');
  removeBackend('tensorflow');
  registerBackend('tensorflow', factory, priority);
}
