import { checkOption, SegError } from '@seg/core';
import { setBackend } from '@tensorflow/tfjs-core';
import type { AdapterHandle, AdapterOptions, BackendAdapter } from './adapters/adapter.ts';
import { cpuAdapter } from './adapters/cpu.ts';
import { nativeAdapter } from './adapters/native.ts';
import { wasmAdapter } from './adapters/wasm.ts';
import { webgpuAdapter } from './adapters/webgpu.ts';
import type { BackendCapacity } from './capacity.ts';
import { registerGradients } from './gradients/register-gradients.ts';
import { releaseEarly } from './gradients/release-early.ts';
import { findInstalled, seesNvidiaDriver } from './native/installed.ts';
import { machineThreads } from './runtime/thread-count.ts';
import { selfCheck } from './self-check.ts';

/** The backends that `startBackend` knows. */
export const backendNames = ['cuda', 'wasm', 'tensorflow', 'webgpu', 'cpu'] as const;
export type BackendName = (typeof backendNames)[number];

/** Adapters by backend name. */
export const adapters: Readonly<Record<BackendName, BackendAdapter>> = {
  cuda: nativeAdapter('cuda'),
  wasm: wasmAdapter,
  tensorflow: nativeAdapter('tensorflow'),
  webgpu: webgpuAdapter,
  cpu: cpuAdapter,
};

export interface StartBackendOptions {
  /** Backend to start; default: `cuda` where it is installed and an NVIDIA driver is there, else `wasm`. */
  readonly name?: BackendName;
  /**
   * Threads of `wasm`, `tensorflow` and `cuda` on the processor, 1..64; default: the machine's processors, at most 16, or
   * 1 where wasm's memory cannot be shared. `webgpu` and `cpu` have none to choose.
   */
  readonly threads?: number;
  /** Of wasm: use V8's experimental 256-bit revectorizer (Node 24 on x64); sets a V8 flag of the process. Default false. */
  readonly revectorize?: boolean;
  /**
   * Of wasm: `fast` (default) lets convolutions use Winograd's algorithm (relative error below 5e-5), `direct` does not.
   * With `fast` a NaN, an infinity or a value near float32's largest spreads to all outputs of its tile, with `direct` only
   * to those whose window holds it.
   *
   * With `fast` a filter gradient that is zero in exact arithmetic can come out as up to 1e-6 of the largest: where inputs
   * or gradients are almost empty, so that every product of a weight is zero. (Volumes of a few voxels, where that is
   * common, and channels that are zero everywhere are exact.) SGD does not notice; Adam, which divides by the gradient's
   * size, moves such a weight by a whole learning rate. `direct`, or an Adam with an `epsilon` of about 1e-4 of the
   * largest gradient, leaves it where it is.
   */
  readonly precision?: 'fast' | 'direct';
  /** Let `cuda` run on the processor where it finds no GPU. Default false. */
  readonly allowCpuFallback?: boolean;
  /** Address of tfjs-backend-wasm-simd.wasm, for browsers; default: beside the page. Not needed in Node. */
  readonly wasmUrl?: string;
}

/** A running backend. */
export interface StartedBackend {
  readonly name: BackendName;
  readonly threads: number;
  /** Build of the kernels in use: `simd`, `relaxed` or `revec` on wasm, empty elsewhere. */
  readonly variant: string;
  /** One line for logs, e.g. `wasm: 128-bit relaxed SIMD, 2 threads`. */
  readonly description: string;
  readonly capacity: BackendCapacity;
  /** Stops it and frees its memory and threads; its tensors become invalid. */
  dispose(): void;
}

interface Running {
  readonly options: AdapterOptions;
  readonly started: StartedBackend;
  readonly handle: AdapterHandle;
}

const running = new Map<BackendName, Promise<Running>>();

/**
 * Starts a tfjs backend with our kernels, registers gradients, checks a 3-D convolution and its gradients against
 * plain loops, and makes the backend current.
 *
 * A second call with the same options makes that backend current again and returns the same object.
 * @throws SegError `unknown-option`, `invalid-argument`, `unsupported` (not possible on this machine),
 *   `backend-failure` (it computes wrong values, or is running with other options).
 * @example
 * const backend = await startBackend({ threads: 2 });
 * console.log(backend.description);
 */
export async function startBackend(options: StartBackendOptions = {}): Promise<StartedBackend> {
  const { started } = await startOrReuse(options);
  return started;
}

async function startOrReuse(options: StartBackendOptions): Promise<Running> {
  const name = checkOption('startBackend', 'name', options.name ?? defaultBackend(), backendNames);
  const resolved = resolveOptions(options);
  const before = running.get(name);
  if (before !== undefined) {
    const same = await before;
    if (!isSame(same, resolved)) throw otherOptions(name);
    await setBackend(adapters[name].tfjsName);
    return same;
  }
  const starting = start(name, resolved);
  running.set(name, starting);
  try {
    return await starting;
  } catch (error) {
    running.delete(name);
    throw error;
  }
}

async function start(name: BackendName, options: AdapterOptions): Promise<Running> {
  const adapter = adapters[name];
  const { available, reason } = await adapter.availability();
  if (!available) {
    throw new SegError('unsupported', {
      where: 'startBackend',
      problem: `the ${name} backend cannot run here`,
      got: reason,
    });
  }
  const [handle] = await Promise.all([adapter.start(options), registerGradients()]);
  releaseEarly();
  try {
    await selfCheck(name);
  } catch (error) {
    handle.dispose();
    throw error;
  }
  const { threads, variant, description, capacity } = handle;
  let stopped = false;
  const dispose = () => {
    // A second call may come when another one runs under this name.
    if (stopped) return;
    stopped = true;
    running.delete(name);
    handle.dispose();
  };
  return { options, handle, started: { name, threads, variant, description, capacity, dispose } };
}

/** `cuda` where it is installed and a driver is there; `tensorflow` and `webgpu` only by name. */
function defaultBackend(): BackendName {
  return findInstalled('cuda') !== undefined && seesNvidiaDriver() ? 'cuda' : 'wasm';
}

function resolveOptions(options: StartBackendOptions): AdapterOptions {
  const { threads, revectorize, precision, allowCpuFallback, wasmUrl } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 64)) {
    throw new SegError('invalid-argument', {
      where: 'startBackend',
      problem: 'threads is not a count',
      got: threads,
      expected: 'an integer in 1..64',
    });
  }
  return {
    threads,
    revectorize: revectorize ?? false,
    precision: checkOption('startBackend', 'precision', precision ?? 'fast', ['fast', 'direct']),
    allowCpuFallback: allowCpuFallback ?? false,
    wasmUrl,
  };
}

/** Whether a backend runs with these options; a number of threads is the same whether it was named or is the default. */
function isSame({ options, started }: Running, asked: AdapterOptions): boolean {
  const threads = (asked.threads ?? machineThreads()) === started.threads ? options.threads : asked.threads;
  return JSON.stringify({ ...asked, threads }) === JSON.stringify(options);
}

function otherOptions(name: string): SegError {
  return new SegError('backend-failure', {
    where: 'startBackend',
    problem: `the ${name} backend is already running with other options`,
    hint: 'Call dispose() on what startBackend returned first, or start it with the same options.',
  });
}

/** What is running, with its handles, for the doctor. */
export async function runningBackends(): Promise<readonly { started: StartedBackend; handle: AdapterHandle }[]> {
  return Promise.all(running.values());
}
