import type { Scratch } from './kernel-runtime.ts';

/** What the pool takes blocks from. */
export interface Allocator {
  malloc(bytes: number): number;
  free(pointer: number): void;
}

/** What the pool holds, in bytes. */
export interface ScratchUse {
  readonly lentBytes: number;
  readonly idleBytes: number;
  readonly peakBytes: number;
  readonly limitBytes: number;
}

interface Block {
  readonly raw: number;
  readonly bytes: number;
}

const alignment = 64;
const smallestBlock = 4096;

/**
 * Scratch memory for kernels: blocks of tfjs's heap, kept for reuse after release.
 *
 * Sizes are rounded up to a sixteenth of their power of two, so that the layers of a network share blocks. At most
 * `limitBytes` stay idle; beyond it the blocks that were released first go back to the heap.
 */
export class ScratchPool {
  readonly #allocator: Allocator;
  readonly #limitBytes: number;
  #idle: Block[] = [];
  #idleBytes = 0;
  #lentBytes = 0;
  #peakBytes = 0;

  constructor(allocator: Allocator, limitBytes: number) {
    this.#allocator = allocator;
    this.#limitBytes = limitBytes;
  }

  borrow(bytes: number): Scratch {
    const block = this.#take(roundUp(bytes));
    this.#lentBytes += block.bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#lentBytes + this.#idleBytes);
    let lent = true;
    return {
      pointer: Math.ceil(block.raw / alignment) * alignment,
      release: () => {
        if (!lent) return;
        lent = false;
        this.#lentBytes -= block.bytes;
        this.#giveBack(block);
      },
    };
  }

  use(): ScratchUse {
    return {
      lentBytes: this.#lentBytes,
      idleBytes: this.#idleBytes,
      peakBytes: this.#peakBytes,
      limitBytes: this.#limitBytes,
    };
  }

  /** Returns every idle block to the heap. */
  clear(): void {
    for (const block of this.#idle) this.#allocator.free(block.raw);
    this.#idle = [];
    this.#idleBytes = 0;
  }

  // The smallest idle block that fits and is at most twice too large.
  #take(bytes: number): Block {
    let best = -1;
    for (let i = 0; i < this.#idle.length; i++) {
      const size = this.#idle[i]!.bytes;
      if (size >= bytes && size <= 2 * bytes && (best < 0 || size < this.#idle[best]!.bytes)) best = i;
    }
    if (best < 0) return { raw: this.#allocator.malloc(bytes + alignment), bytes };
    const block = this.#idle.splice(best, 1)[0]!;
    this.#idleBytes -= block.bytes;
    return block;
  }

  #giveBack(block: Block): void {
    this.#idle.push(block);
    this.#idleBytes += block.bytes;
    while (this.#idleBytes > this.#limitBytes) {
      const oldest = this.#idle.shift()!;
      this.#idleBytes -= oldest.bytes;
      this.#allocator.free(oldest.raw);
    }
  }
}

function roundUp(bytes: number): number {
  if (bytes <= smallestBlock) return smallestBlock;
  const step = Math.max(smallestBlock, 2 ** (Math.floor(Math.log2(bytes)) - 4));
  return Math.ceil(bytes / step) * step;
}
