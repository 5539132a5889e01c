import { SegError } from '@seg/core';
import { engine, findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { processorGflopPerSecond } from '../capacity.ts';
import { registerConvKernels } from '../conv/register.ts';
import { registerFusedKernels } from '../fused/register.ts';
import { KernelOverrides } from '../override-kernel.ts';
import { detectFeatures } from '../runtime/features.ts';
import type { KernelVariant } from '../runtime/kernel-runtime.ts';
import { loadKernels } from '../runtime/load-kernels.ts';
import { systemMemoryBytes } from '../runtime/system-memory.ts';
import { largestSafeBlock, memoryLimitBytes, startTfjsWasm } from '../runtime/tfjs-wasm.ts';
import { machineThreads } from '../runtime/thread-count.ts';
import { type LaunchedThreads, ThreadPool } from '../runtime/thread-pool.ts';
import { WasmRuntime } from '../runtime/wasm-runtime.ts';
import type { AdapterHandle, AdapterOptions, BackendAdapter } from './adapter.ts';
import { enableRevectorizer, revectorizerPays } from './revectorizer.ts';

const priority = 3;

/** tfjs's WebAssembly backend with our kernels on it. */
export const wasmAdapter: BackendAdapter = {
  tfjsName: 'wasm',
  async availability() {
    return detectFeatures().simd
      ? { available: true, reason: 'WebAssembly with SIMD is here' }
      : { available: false, reason: 'this engine has no WebAssembly SIMD: use Node 20.19 or a current browser' };
  },
  async start(options) {
    const { variant, threads } = choose(options);
    if (variant !== 'revec') return startVariant(variant, threads, options);
    enableRevectorizer();
    return startVariant((await revectorizerPays(threads > 1)) ? 'revec' : 'relaxed', threads, options);
  },
};

async function startVariant(variant: KernelVariant, threads: number, options: AdapterOptions): Promise<AdapterHandle> {
  const workers = threads > 1 ? ThreadPool.launch(threads) : undefined;
  const { stock, tfjs, runtime } = await startRuntime(variant, workers, options).catch((error: unknown) => {
    workers?.cancel();
    throw error;
  });
  const ownFactory = findBackendFactory('wasm');
  if (ownFactory !== null) removeBackend('wasm');
  registerBackend(
    'wasm',
    () => {
      const backend = new stock.BackendWasm(tfjs.module);
      runtime.attach(backend);
      return backend;
    },
    priority,
  );
  await setBackend('wasm');
  const overrides = new KernelOverrides('wasm');
  const convolution = registerConvKernels(overrides, runtime, { precision: options.precision });
  registerFusedKernels(overrides, runtime, convolution);
  return {
    threads,
    variant,
    description: `wasm: ${variantNames[variant]}, ${threads} thread${threads > 1 ? 's' : ''}`,
    capacity: {
      memoryBytes: Math.min(memoryLimitBytes, systemMemoryBytes() ?? memoryLimitBytes),
      tensorBytes: largestSafeBlock,
      gflopPerSecond: processorGflopPerSecond,
    },
    runtime,
    kernelMemory: () => ({
      scratch: runtime.scratchUse(),
      weightCacheBytes: convolution.weightCacheBytes,
      weightCacheLimitBytes: convolution.weightCacheLimitBytes,
    }),
    dispose() {
      convolution.dispose();
      overrides.restore();
      removeBackend('wasm');
      runtime.dispose();
      if (ownFactory !== null) registerBackend('wasm', ownFactory, priority);
    },
  };
}

async function startRuntime(variant: KernelVariant, threads: LaunchedThreads | undefined, options: AdapterOptions) {
  const shared = threads !== undefined;
  const [stock, tfjs, modules] = await Promise.all([
    import('@tensorflow/tfjs-backend-wasm'),
    startTfjsWasm(shared, options.wasmUrl),
    loadKernels(variant, shared),
  ]);
  refuseRunningBackend();
  return { stock, tfjs, runtime: await WasmRuntime.start({ tfjs, modules, threads, variant }) };
}

const variantNames: Record<KernelVariant, string> = {
  simd: '128-bit SIMD',
  relaxed: '128-bit relaxed SIMD',
  revec: "V8's experimental 256-bit revectorizer",
};

function choose({ threads, revectorize }: AdapterOptions): { variant: KernelVariant; threads: number } {
  const features = detectFeatures();
  if (threads !== undefined && threads > 1 && !features.sharedMemory) {
    throw new SegError('unsupported', {
      where: 'startBackend',
      problem: 'threads need shared memory, which is not available here',
      got: `threads: ${threads}`,
      hint: 'In a browser, serve the page cross-origin isolated (COOP and COEP headers), or use threads: 1.',
    });
  }
  if (revectorize && !features.revectorizer) {
    throw new SegError('unsupported', {
      where: 'startBackend',
      problem: 'revectorize needs Node 24 or later on x64',
      hint: 'Leave revectorize out.',
    });
  }
  return {
    variant: revectorize ? 'revec' : features.relaxedSimd ? 'relaxed' : 'simd',
    threads: features.sharedMemory ? (threads ?? machineThreads()) : 1,
  };
}

// Replacing a backend that is in use would pull the memory from under its tensors.
function refuseRunningBackend(): void {
  const running = engine().registry.wasm as { numDataIds(): number } | undefined;
  if (running === undefined || running.numDataIds() === 0) return;
  throw new SegError('backend-failure', {
    where: 'startBackend',
    problem: "tfjs's own wasm backend is already running and holds tensors",
    hint: 'Call startBackend() before anything else uses tfjs.',
  });
}
