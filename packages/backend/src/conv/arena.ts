import type { Layout } from '../../assembly/conv/layouts.ts';
import type { KernelRuntime, Scratch } from '../runtime/kernel-runtime.ts';

/** Scratch memory of one operation, all given back at once by `release`. */
export class Arena {
  readonly #runtime: KernelRuntime;
  readonly #taken: Scratch[] = [];

  constructor(runtime: KernelRuntime) {
    this.#runtime = runtime;
  }

  /** Address of `bytes` uninitialised bytes. */
  take(bytes: number): number {
    const block = this.#runtime.scratch(bytes);
    this.#taken.push(block);
    return block.pointer;
  }

  /** Address of a copy of 32-bit words. */
  words(values: readonly number[]): number {
    const pointer = this.take(4 * Math.max(values.length, 1));
    new Uint32Array(this.#runtime.memory.buffer, pointer, values.length).set(values);
    return pointer;
  }

  /** Address of a descriptor with the values of its fields. */
  descriptor<L extends Layout>(layout: L, values: FieldsOf<L>): number {
    return this.words(fieldWords(layout, values));
  }

  /** Address of `floats` values: the bias at `pointer` (0 for none) and zeros after its `channels`. */
  bias(pointer: number, channels: number, floats: number): number {
    const target = this.take(4 * floats);
    const view = new Float32Array(this.#runtime.memory.buffer, target, floats).fill(0);
    if (pointer !== 0) view.set(new Float32Array(this.#runtime.memory.buffer, pointer, channels));
    return target;
  }

  release(): void {
    for (const block of this.#taken) block.release();
    this.#taken.length = 0;
  }
}

/** A number for every field of a layout. */
export type FieldsOf<L extends Layout> = Readonly<Record<L['addresses'][number] | L['counts'][number], number>>;

/** The words of a descriptor. */
export function fieldWords<L extends Layout>(layout: L, values: FieldsOf<L>): number[] {
  const record: Readonly<Record<string, number>> = values;
  return [...layout.addresses, ...layout.counts].map((name) => record[name]!);
}
