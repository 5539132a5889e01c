import { SegError } from '@seg/core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelModule, KernelVariant, Scratch, TfjsRuntime } from './kernel-runtime.ts';
import { ScratchPool, type ScratchUse } from './scratch-pool.ts';
import type { StartedTfjsWasm } from './tfjs-wasm.ts';
import type { LaunchedThreads, ThreadPool } from './thread-pool.ts';

const scratchLimitBytes = 256 * 2 ** 20;
const moduleNames: readonly KernelModule[] = ['conv', 'fused'];

interface Instance {
  readonly exports: Record<string, (...args: number[]) => number | undefined>;
  /** Export names in the order that the workers number them. */
  readonly indices: ReadonlyMap<string, number>;
}

export interface WasmRuntimeOptions {
  readonly tfjs: StartedTfjsWasm;
  readonly modules: Readonly<Record<KernelModule, WebAssembly.Module>>;
  /** Threads that are starting; undefined for one without workers. */
  readonly threads: LaunchedThreads | undefined;
  readonly variant: KernelVariant;
}

/** What tfjs's wasm backend knows of its tensors. */
interface TensorTable {
  readonly dataIdMap: {
    get(
      dataId: object,
    ): { readonly id: number; readonly memoryOffset: number; readonly shape: readonly number[] } | undefined;
  };
  readonly wasm: {
    readonly tfjs: { disposeData(id: number): void; registerTensor(id: number, size: number, offset: number): void };
  };
}

/** The kernel runtime on tfjs's wasm backend. */
export class WasmRuntime implements TfjsRuntime {
  readonly memory: WebAssembly.Memory;
  readonly variant: KernelVariant;
  readonly #instances: Readonly<Record<KernelModule, Instance>>;
  readonly #scratch: ScratchPool;
  readonly #versions = new WeakMap<object, number>();
  readonly #onDispose = new Map<object, (() => void)[]>();
  readonly #onMemoryFull: (() => void)[] = [];
  /** What the kernel that runs now has made. */
  #made: TensorInfo[] | undefined;
  #pool: ThreadPool | undefined;
  #backend: BackendWasm | undefined;

  private constructor({ tfjs, modules, variant }: WasmRuntimeOptions, pool: ThreadPool | undefined) {
    this.memory = tfjs.memory;
    this.variant = variant;
    this.#instances = { conv: instantiate(modules.conv, tfjs.memory), fused: instantiate(modules.fused, tfjs.memory) };
    this.#scratch = new ScratchPool(tfjs, scratchLimitBytes);
    this.onMemoryFull(() => this.#scratch.clear());
    tfjs.onFull(() => {
      // Last what was registered first: what others give up goes to the scratch pool.
      for (const giveUp of this.#onMemoryFull.toReversed()) giveUp();
    });
    this.#pool = pool;
  }

  static async start(options: WasmRuntimeOptions): Promise<WasmRuntime> {
    const { tfjs, modules, threads } = options;
    const compiled = moduleNames.map((name) => modules[name]);
    const pool = await threads?.join(compiled, tfjs.memory);
    return new WasmRuntime(options, pool);
  }

  get threads(): number {
    return this.#pool?.threads ?? 1;
  }

  get backend(): BackendWasm {
    return this.#backend!;
  }

  exports(module: KernelModule): Instance['exports'] {
    return this.#instances[module].exports;
  }

  run(
    module: KernelModule,
    fn: string,
    parts: number,
    args: (part: number, parts: number) => readonly number[],
    threadScratch = 0,
  ): void {
    const { exports, indices } = this.#instances[module];
    const call = exports[fn];
    if (call === undefined)
      throw new SegError('internal', { where: 'kernel runtime', problem: `no kernel ${module}.${fn}` });
    const threads = parts > 1 ? this.threads : 1;
    const stride = Math.ceil(threadScratch / 64) * 64;
    const scratch = stride > 0 ? this.scratch(stride * threads) : undefined;
    try {
      if (threads > 1) {
        this.#pool!.run({
          moduleIndex: moduleNames.indexOf(module),
          functionIndex: indices.get(fn)!,
          parts,
          args,
          call,
          scratchPointer: scratch?.pointer ?? 0,
          scratchStride: stride,
        });
      } else {
        const last = scratch === undefined ? [] : [scratch.pointer];
        for (let part = 0; part < parts; part++) call(...args(part, parts), ...last);
      }
    } finally {
      scratch?.release();
    }
  }

  scratch(bytes: number): Scratch {
    return this.#scratch.borrow(bytes);
  }

  scratchUse(): ScratchUse {
    return this.#scratch.use();
  }

  pointer(info: TensorInfo): number {
    return this.backend.getMemoryOffset(info.dataId);
  }

  makeOutput(shape: readonly number[], dtype: DataType): TensorInfo {
    const info = this.backend.makeOutput(shape as number[], dtype);
    this.#made?.push(info);
    return info;
  }

  attempt<T>(kernel: () => T): T {
    const outer = this.#made;
    const made: TensorInfo[] = [];
    this.#made = made;
    try {
      return kernel();
    } catch (error) {
      for (const info of made) this.disposeOutput(info);
      throw error;
    } finally {
      this.#made = outer;
    }
  }

  disposeOutput(info: TensorInfo): void {
    this.backend.disposeData(info.dataId);
  }

  version(dataId: object): number {
    return this.#versions.get(dataId) ?? 0;
  }

  bumpVersion(dataId: object): void {
    this.#versions.set(dataId, this.version(dataId) + 1);
    // tfjs's own products keep packed weights by tensor until it is disposed: without this they would go on multiplying
    // by the old values. Its table of tensors forgets and learns the number again; the memory stays.
    const { dataIdMap, wasm } = this.backend as unknown as TensorTable;
    const { id, memoryOffset, shape } = dataIdMap.get(dataId)!;
    wasm.tfjs.disposeData(id);
    wasm.tfjs.registerTensor(
      id,
      shape.reduce((a, b) => a * b, 1),
      memoryOffset,
    );
  }

  onDispose(dataId: object, fn: () => void): void {
    const fns = this.#onDispose.get(dataId);
    if (fns === undefined) this.#onDispose.set(dataId, [fn]);
    else fns.push(fn);
  }

  onMemoryFull(fn: () => void): void {
    this.#onMemoryFull.push(fn);
  }

  /** Connects the tfjs backend whose tensors this runtime works on. */
  attach(backend: BackendWasm): void {
    this.#backend = backend;
    const dispose = backend.disposeData.bind(backend);
    backend.disposeData = (dataId, force) => {
      const freed = dispose(dataId, force);
      if (freed) this.#disposed(dataId);
      return freed;
    };
  }

  dispose(): void {
    this.#pool?.dispose();
    this.#pool = undefined;
    this.#onDispose.clear();
    if (this.#backend !== undefined) stop(this.#backend);
  }

  #disposed(dataId: object): void {
    const fns = this.#onDispose.get(dataId);
    if (fns === undefined) return;
    this.#onDispose.delete(dataId);
    for (const fn of fns) fn();
  }
}

/** Tensors that outlive their backend can be disposed of, but not read. */
function stop(backend: BackendWasm): void {
  const refuse = (): never => {
    throw new SegError('backend-failure', {
      where: 'wasm backend',
      problem: 'the backend of this tensor was stopped',
      hint: 'Read tensors before dispose() of what startBackend returned.',
    });
  };
  Object.assign(backend, { disposeData: () => true, read: async () => refuse(), readSync: refuse });
}

function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Instance {
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as Instance['exports'];
  const names = Object.keys(exports).sort();
  return { exports, indices: new Map(names.map((name, index) => [name, index])) };
}
