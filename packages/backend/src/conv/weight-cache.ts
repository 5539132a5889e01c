import type { KernelRuntime, Scratch } from '../runtime/kernel-runtime.ts';

/** The weight tensor behind an address, so that what is derived from it can be kept; undefined for temporary weights. */
export type WeightKey = object | undefined;

interface Entry {
  readonly block: Scratch;
  readonly bytes: number;
  readonly version: number;
}

/**
 * Packed and transformed weights, kept while their tensor lives and is unchanged, at most `limit` bytes; the least
 * recently used go first.
 */
export class WeightCache {
  readonly #runtime: KernelRuntime;
  readonly #limit: number;
  readonly #entries = new Map<string, Entry>();
  readonly #inUse = new Set<Entry>();
  readonly #ids = new WeakMap<object, number>();
  #nextId = 0;
  #bytes = 0;

  constructor(runtime: KernelRuntime, limit: number) {
    this.#runtime = runtime;
    this.#limit = limit;
    runtime.onMemoryFull(() => this.clear());
  }

  /** Bytes that are kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Calls `use` with the address of `bytes` bytes that `fill` has written for the tensor `key`, now or earlier; `kind`
   * names the form.
   */
  with<T>(
    key: WeightKey,
    kind: string,
    bytes: number,
    fill: (pointer: number) => void,
    use: (pointer: number) => T,
  ): T {
    if (key === undefined || bytes > this.#limit) {
      const block = this.#runtime.scratch(bytes);
      try {
        fill(block.pointer);
        return use(block.pointer);
      } finally {
        block.release();
      }
    }
    const entry = this.#find(key, kind, bytes, fill);
    this.#inUse.add(entry);
    try {
      return use(entry.block.pointer);
    } finally {
      this.#inUse.delete(entry);
    }
  }

  /** Gives everything back that is not in use. */
  clear(): void {
    for (const name of [...this.#entries.keys()]) this.#drop(name);
  }

  #find(key: object, kind: string, bytes: number, fill: (pointer: number) => void): Entry {
    const name = `${this.#idOf(key)}:${kind}`;
    const version = this.#runtime.version(key);
    const found = this.#entries.get(name);
    if (found?.version === version && found.bytes === bytes) {
      this.#entries.delete(name);
      this.#entries.set(name, found);
      return found;
    }
    this.#drop(name);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes + bytes <= this.#limit) break;
      this.#drop(oldest);
    }
    const entry: Entry = { block: this.#runtime.scratch(bytes), bytes, version };
    try {
      fill(entry.block.pointer);
    } catch (error) {
      entry.block.release();
      throw error;
    }
    this.#entries.set(name, entry);
    this.#bytes += bytes;
    return entry;
  }

  #idOf(key: object): number {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#nextId++;
    this.#ids.set(key, id);
    this.#runtime.onDispose(key, () => {
      this.#ids.delete(key);
      for (const name of [...this.#entries.keys()]) if (name.startsWith(`${id}:`)) this.#drop(name);
    });
    return id;
  }

  #drop(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined || this.#inUse.has(entry)) return;
    this.#entries.delete(name);
    this.#bytes -= entry.bytes;
    entry.block.release();
  }
}
