import { readFileSync } from 'node:fs';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelModule, KernelRuntime, KernelVariant, Scratch } from '../../src/runtime/kernel-runtime.ts';
import { ThreadPool } from '../../src/runtime/thread-pool.ts';

const moduleNames: readonly KernelModule[] = ['conv', 'fused'];
const guardBytes = 256;
const guardWord = 0x7fabcdef; // a NaN as float32, so that a value read from a guard spoils what is computed from it

/** A runtime on a memory of its own, in which every block lies between guard zones that `checkGuards` looks at. */
export interface GuardedRuntime extends KernelRuntime {
  /** A block of floats, filled with `values` or NaN. */
  floats(count: number, values?: Float32Array): { readonly pointer: number; read(): Float32Array };
  /** A float32 tensor in such a block. */
  tensor(shape: readonly number[], values: Float32Array): TensorInfo;
  /** Fails if any guard zone was written to since `reset`. */
  checkGuards(): void;
  /** Frees all blocks. */
  reset(): void;
  dispose(): void;
}

export interface GuardedRuntimeOptions {
  readonly threads?: number;
  readonly variant?: KernelVariant;
  readonly pages?: number;
}

export async function startGuardedRuntime(options: GuardedRuntimeOptions = {}): Promise<GuardedRuntime> {
  const { threads = 2, variant = 'relaxed', pages = 4096 } = options;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
  const modules = moduleNames.map((name) => {
    const module = new WebAssembly.Module(
      readFileSync(new URL(`../../build/${name}-${variant}.wasm`, import.meta.url)),
    );
    const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<
      string,
      (...args: number[]) => number | undefined
    >;
    return { module, exports, names: Object.keys(exports).sort() };
  });
  const find = (name: KernelModule) => modules[moduleNames.indexOf(name)]!;
  const compiled = modules.map(({ module }) => module);
  const pool = threads > 1 ? await ThreadPool.start(threads, compiled, memory) : undefined;
  const pointers = new WeakMap<object, number>();
  const words = new Uint32Array(memory.buffer);
  const guards: number[] = [];
  const free = new Map<number, number[]>();
  const first = 1 << 16;
  let top = first;

  const guard = (at: number) => {
    words.fill(guardWord, at / 4, (at + guardBytes) / 4);
    guards.push(at);
  };
  const allocate = (bytes: number): number => {
    const pointer = top + guardBytes;
    const end = pointer + Math.ceil(Math.max(bytes, 4) / 4) * 4;
    top = Math.ceil((end + guardBytes) / 64) * 64;
    if (top > memory.buffer.byteLength) throw new Error('guarded runtime: out of memory');
    guard(end);
    guard(pointer - guardBytes);
    return pointer;
  };
  const floats = (count: number, values?: Float32Array) => {
    const pointer = allocate(4 * count);
    const view = new Float32Array(memory.buffer, pointer, count);
    if (values === undefined) view.fill(Number.NaN);
    else view.set(values);
    return { pointer, read: () => view.slice() };
  };
  // Scratch of the threads is kept by size.
  const named = new Map<string, number>();
  const findBlock = (name: string, make: () => number) => {
    const block = named.get(name) ?? make();
    named.set(name, block);
    return block;
  };

  return {
    memory,
    threads,
    variant,
    exports: (module) => find(module).exports,
    run(module, fn, parts, args, scratchBytes = 0) {
      const { exports, names } = find(module);
      const stride = Math.ceil((scratchBytes + 2 * guardBytes) / 64) * 64;
      const size = Math.ceil(scratchBytes / 64) * 64;
      const blocks = scratchBytes > 0 ? findBlock(`thread ${stride}`, () => allocate(stride * threads)) : 0;
      if (scratchBytes > 0 && !guards.includes(blocks + size)) {
        for (let t = 0; t < threads; t++) guard(blocks + t * stride + size);
      }
      if (pool === undefined) {
        for (let p = 0; p < parts; p++) {
          exports[fn]!(...args(p, parts), ...(scratchBytes > 0 ? [blocks] : []));
        }
        return;
      }
      pool.run({
        moduleIndex: moduleNames.indexOf(module),
        functionIndex: names.indexOf(fn),
        parts,
        args,
        call: exports[fn]!,
        scratchPointer: blocks,
        scratchStride: scratchBytes > 0 ? stride : 0,
      });
    },
    scratch(bytes): Scratch {
      const list = free.get(bytes);
      const pointer = list?.pop() ?? allocate(bytes);
      words.fill(guardWord, pointer / 4, pointer / 4 + Math.ceil(bytes / 4));
      return {
        pointer,
        release() {
          if (free.has(bytes)) free.get(bytes)!.push(pointer);
          else free.set(bytes, [pointer]);
        },
      };
    },
    floats,
    checkGuards() {
      for (const at of guards) {
        for (let i = at / 4; i < (at + guardBytes) / 4; i++) {
          if (words[i] !== guardWord) throw new Error(`guard zone at ${at} was written to at ${i * 4}`);
        }
      }
    },
    reset() {
      guards.length = 0;
      free.clear();
      named.clear();
      top = first;
    },
    dispose: () => pool?.dispose(),
    tensor(shape, values) {
      const dataId = {};
      pointers.set(dataId, floats(values.length, values).pointer);
      return { dataId, shape: [...shape], dtype: 'float32' };
    },
    pointer: ({ dataId }) => pointers.get(dataId)!,
    makeOutput(shape, dtype) {
      const dataId = {};
      pointers.set(dataId, floats(shape.reduce((a, b) => a * b, 1)).pointer);
      return { dataId, shape: [...shape], dtype };
    },
    version: () => 0,
    bumpVersion: () => undefined,
    onDispose: () => undefined,
    onMemoryFull: () => undefined,
  };
}
