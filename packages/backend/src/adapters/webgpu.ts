import { SegError } from '@seg/core';
import { findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { gpuGflopPerSecond, usualGpuBytes } from '../capacity.ts';
import { findAdapter, openDevice, refuseSyncReads, throwingRead } from '../webgpu/gpu-device.ts';
import { registerWebgpuKernels } from '../webgpu/register.ts';
import type { BackendAdapter } from './adapter.ts';

const priority = 1;
/** WebGPU's default of maxStorageBufferBindingSize. */
const defaultBindingBytes = 128 * 2 ** 20;

interface WebgpuModule {
  WebGPUBackend: new (
    device: unknown,
    info: unknown,
  ) => {
    read(dataId: object): Promise<unknown>;
    readSync(dataId: object): unknown;
    readonly tensorMap: { get(dataId: object): { readonly values: unknown } };
    dispose(): void;
  };
}

/** tfjs's WebGPU backend with our corrections, in the browser, and in Node through the npm package `webgpu`. */
export const webgpuAdapter: BackendAdapter = {
  tfjsName: 'webgpu',
  async availability() {
    const adapter = await findAdapter();
    if (typeof adapter === 'string') return { available: false, reason: adapter };
    return { available: true, reason: describe(adapter.info) };
  },
  async start() {
    const adapter = await findAdapter();
    if (typeof adapter === 'string') {
      throw new SegError('unsupported', { where: 'startBackend', problem: 'webgpu cannot run here', got: adapter });
    }
    // Loaded after the entry of WebGPU is there: it looks for it once.
    const { WebGPUBackend } = (await import('@tensorflow/tfjs-backend-webgpu')) as unknown as WebgpuModule;
    const device = await openDevice(adapter);
    const backend = new WebGPUBackend(device, adapter.info);
    backend.read = throwingRead(device, backend.read.bind(backend));
    refuseSyncReads(backend);
    if (findBackendFactory('webgpu') !== null) removeBackend('webgpu');
    registerBackend('webgpu', () => backend as never, priority);
    await setBackend('webgpu');
    registerWebgpuKernels();
    return {
      threads: 1,
      variant: '',
      description: `webgpu: ${describe(adapter.info)}`,
      capacity: {
        memoryBytes: usualGpuBytes, // WebGPU does not tell
        tensorBytes: adapter.limits.maxStorageBufferBindingSize ?? defaultBindingBytes,
        gflopPerSecond: gpuGflopPerSecond,
      },
      dispose() {
        removeBackend('webgpu');
        device.destroy();
      },
    };
  },
};

const describe = (info: Readonly<Record<string, string>> | undefined) =>
  [info?.vendor, info?.architecture, info?.description].filter((text) => text !== undefined && text !== '').join(' ') ||
  'an adapter without a name';
