import { SegError } from '@seg/core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { nodeBuiltin } from './node-builtins.ts';
import { declareMemory } from './wasm-binary.ts';

const binaryName = 'tfjs-backend-wasm-simd.wasm';
const packagePath = `@tensorflow/tfjs-backend-wasm/wasm-out/${binaryName}`;

// tfjs's allocator adds sizes to the addresses of free blocks in 32 bits and takes what wraps around for a fit: it then
// hands out memory past the end and overwrites what lies at the beginning. Memory that ends this far below 4 GiB has no
// address at which a block of this size could wrap.
export const largestSafeBlock = 320 * 2 ** 20;
const pageBytes = 2 ** 16;

/** Bytes that WebAssembly's memory grows to at most. */
export const memoryLimitBytes = 2 ** 32 - largestSafeBlock;

/** tfjs's emscripten module, as far as we touch it. */
interface TfjsWasmModule {
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  cwrap(name: string, result: string | null, args: readonly string[]): (...args: number[]) => number;
  tfjs: Record<string, (...args: number[]) => number>;
}

/** A running tfjs WebAssembly module and the memory that its tensors live in. */
export interface StartedTfjsWasm {
  readonly module: ConstructorParameters<typeof BackendWasm>[0];
  readonly memory: WebAssembly.Memory;
  readonly malloc: (bytes: number) => number;
  readonly free: (pointer: number) => void;
  /** Calls `fn` when there is no memory for an allocation, which is then tried once more. */
  readonly onFull: (fn: () => void) => void;
}

type InstantiateWasm = (
  imports: WebAssembly.Imports,
  receive: (instance: WebAssembly.Instance) => void,
) => Record<string, never>;
type Factory = (config: { instantiateWasm: InstantiateWasm }) => Promise<TfjsWasmModule>;

/**
 * Starts tfjs's own SIMD build, in shared memory if asked to.
 *
 * tfjs's threaded build is not used: it starts eight workers for XNNPACK, which then runs on one thread, and does not
 * start in Node at all. Its plain build runs unchanged in memory that is declared shared.
 */
export async function startTfjsWasm(shared: boolean, wasmUrl: string | undefined): Promise<StartedTfjsWasm> {
  const [factory, binary] = await Promise.all([loadFactory(), loadBinary(wasmUrl)]);
  const compiled = await WebAssembly.compile(declareMemory(binary, shared, memoryLimitBytes / pageBytes));
  let memory: WebAssembly.Memory | undefined;
  const module = await new Promise<TfjsWasmModule>((resolve, reject) => {
    const instantiateWasm: InstantiateWasm = (imports, receive) => {
      WebAssembly.instantiate(compiled, imports).then((instance) => {
        memory = instance.exports.memory as WebAssembly.Memory;
        receive(instance);
      }, reject);
      return {};
    };
    withoutProcessListeners(() => factory({ instantiateWasm })).then(resolve, reject);
  });
  module.tfjs = wrapFunctions(module);
  // The first call replaces emscripten's stub by the real function; only that one may be wrapped.
  module._free(module._malloc(1));
  const allocate = module._malloc;
  let giveUp = () => {};
  const tryToAllocate = (bytes: number) => {
    // What the allocator puts around a block is far smaller than a page.
    const end = memory!.buffer.byteLength + bytes + pageBytes;
    return bytes + pageBytes > largestSafeBlock && end > 2 ** 32 ? 0 : allocate(bytes);
  };
  module._malloc = (bytes) => {
    const pointer = tryToAllocate(bytes);
    if (pointer !== 0 || bytes === 0) return pointer;
    giveUp();
    const second = tryToAllocate(bytes);
    if (second === 0) throw outOfMemory(bytes);
    return second;
  };
  return {
    module: module as unknown as StartedTfjsWasm['module'],
    memory: memory!,
    malloc: (bytes) => module._malloc(bytes) >>> 0,
    free: (pointer) => module._free(pointer),
    onFull: (fn) => {
      giveUp = fn;
    },
  };
}

interface ListenedProcess {
  listeners(event: string): unknown[];
  removeListener(event: string, listener: unknown): void;
}

// In Node emscripten's start code listens to the process and throws again what it hears, so that an error of the program
// is reported as one of tfjs's code, with its only line, 200 kB long. Listeners that others have added stay.
function withoutProcessListeners<T>(start: () => T): T {
  const process = nodeBuiltin<ListenedProcess>('node:process');
  if (process === undefined) return start();
  const before = errorEvents.map((event) => new Set(process.listeners(event)));
  try {
    return start();
  } finally {
    errorEvents.forEach((event, i) => {
      for (const listener of process.listeners(event)) {
        if (!before[i]!.has(listener)) process.removeListener(event, listener);
      }
    });
  }
}
const errorEvents = ['uncaughtException', 'unhandledRejection'];

async function loadFactory(): Promise<Factory> {
  const path = '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js';
  const loaded = (await import('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js')) as unknown;
  const factory = (loaded as { default?: unknown }).default ?? loaded;
  if (typeof factory === 'function') return factory as Factory;
  throw new SegError('backend-failure', { where: 'startBackend', problem: `${path} has no factory function` });
}

async function loadBinary(wasmUrl: string | undefined): Promise<Uint8Array> {
  const fs = nodeBuiltin<{ promises: { readFile(path: string): Promise<Uint8Array> } }>('node:fs');
  const { createRequire } = nodeBuiltin<{ createRequire(from: string): { resolve(id: string): string } }>(
    'node:module',
  ) ?? { createRequire: undefined };
  if (fs !== undefined && createRequire !== undefined && (wasmUrl === undefined || !/^https?:/.test(wasmUrl))) {
    return fs.promises.readFile(wasmUrl ?? createRequire(import.meta.url).resolve(packagePath));
  }
  const url = wasmUrl ?? binaryName;
  const response = await fetch(url).catch(() => undefined);
  if (response?.ok) return new Uint8Array(await response.arrayBuffer());
  throw new SegError('not-found', {
    where: 'startBackend',
    problem: "tfjs's WebAssembly file could not be loaded",
    got: url,
    hint: `Serve ${packagePath} and give its address as wasmUrl.`,
  });
}

// The same table that tfjs's own start code makes.
function wrapFunctions(module: TfjsWasmModule): TfjsWasmModule['tfjs'] {
  return {
    init: module.cwrap('init', null, []),
    initWithThreadsCount: module.cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: module.cwrap('get_threads_count', 'number', []),
    registerTensor: module.cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: module.cwrap('dispose_data', null, ['number']),
    dispose: module.cwrap('dispose', null, []),
  };
}

function outOfMemory(bytes: number): SegError {
  return new SegError('limit-exceeded', {
    where: 'wasm backend',
    problem: `WebAssembly's memory (${(memoryLimitBytes / 2 ** 30).toFixed(1)} GiB at most) is used up`,
    got: `${bytes} more bytes`,
    hint: 'Use smaller patches, a smaller batch or a smaller network, or dispose of tensors earlier.',
  });
}
