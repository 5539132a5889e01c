import { isSegError } from '@seg/core';
import * as ops from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { memoryLimitBytes } from '../../src/runtime/tfjs-wasm.ts';
import { runningBackends, type StartedBackend, startBackend } from '../../src/start-backend.ts';

/** The parts of tfjs's backend that fill its memory without touching it. */
interface Backend {
  readonly wasm: { _malloc(bytes: number): number; _free(pointer: number): void; readonly HEAPU8: Uint8Array };
  numDataIds(): number;
}

interface Block {
  readonly at: number;
  readonly bytes: number;
}

const mebi = 2 ** 20;
let started: StartedBackend;
let wasm: Backend['wasm'];
let backend: Backend;
let blocks: Block[] = [];

beforeAll(async () => {
  started = await startBackend({ name: 'wasm', threads: 1 });
  backend = tf.backend() as unknown as Backend;
  ({ wasm } = backend);
});
afterEach(() => {
  for (const { at } of blocks) wasm._free(at);
  blocks = [];
});
afterAll(() => started.dispose());

/** The address of a new block; undefined when memory is full. */
function allocate(bytes: number): Block | undefined {
  try {
    return { at: wasm._malloc(bytes) >>> 0, bytes };
  } catch (error) {
    expect(isSegError(error, 'limit-exceeded')).toBe(true);
    return undefined;
  }
}

/** Allocates until there is no room for the smallest of these sizes. */
function fill(...sizes: readonly number[]): void {
  for (const bytes of sizes) {
    for (let block = allocate(bytes); block !== undefined; block = allocate(bytes)) blocks.push(block);
  }
}

const end = () => wasm.HEAPU8.buffer.byteLength;

async function kernelMemory() {
  const [{ handle }] = (await runningBackends()) as [Awaited<ReturnType<typeof runningBackends>>[0]];
  const { scratch, weightCacheBytes } = handle.kernelMemory!();
  return { lent: scratch.lentBytes, idle: scratch.idleBytes, weights: weightCacheBytes };
}

describe("memory's end", () => {
  test('no block lies past it, also where holes are just too small', () => {
    fill(512 * mebi, 4 * mebi, mebi / 4, mebi / 64);
    expect(end()).toBeLessThanOrEqual(memoryLimitBytes);
    // It grows by what is asked for and 96 MiB more, or not at all.
    expect(end()).toBeGreaterThan(memoryLimitBytes - 100 * mebi);
    const isInside = ({ at, bytes }: Block) => at > 0 && at + bytes <= end();
    expect(blocks.filter((block) => !isInside(block))).toEqual([]);
    // Holes at the end, of growing size, and blocks around their size.
    const four = blocks.filter(({ bytes }) => bytes === 4 * mebi);
    for (let k = 0; k < 14; k++) {
      const hole = four.pop()!;
      wasm._free(hole.at);
      blocks.splice(blocks.indexOf(hole), 1);
      for (const half of [1, 2, 3, 4, 5, 6]) {
        const block = allocate(half * 2 * mebi + 12_345);
        if (block === undefined) continue;
        expect(isInside(block)).toBe(true);
        wasm._free(block.at);
      }
    }
  });

  test('blocks that would wrap around are refused', () => {
    fill(512 * mebi, 64 * mebi);
    for (const bytes of [321 * mebi, 700 * mebi, 2 ** 31, 2 ** 32 - 2 ** 17]) expect(allocate(bytes)).toBeUndefined();
  });
});

/** Kernels on x and weights, with their gradients. */
const kernels: Readonly<Record<string, (x: tf.Tensor5D, w: tf.Tensor5D) => unknown>> = {
  convolution: (x, w) => tf.conv3d(x, w, 1, 'same'),
  'strided convolution': (x, w) => tf.conv3d(x, w, 2, 'same'),
  'input gradient': (x, w) => tf.grad((v) => tf.conv3d(v as tf.Tensor5D, w, 1, 'same'))(x, x),
  'filter gradient': (x, w) => tf.grad((v) => tf.conv3d(x, v as tf.Tensor5D, 1, 'same'))(w, x),
  norm: (x) => ops.instanceNorm(x, tf.ones([64]), tf.zeros([64])),
  'max-pooling': (x) => ops.maxPool3d(x),
  resizing: (x) => ops.resizeTrilinear(x, [16, 32, 32]),
  loss: (x) => ops.diceCrossEntropy(x, tf.zeros([1, 16, 32, 32], 'int32')),
  'of whole numbers': (x, w) => tf.conv3d(x, tf.cast(w, 'int32') as tf.Tensor5D, 1, 'same'),
};

describe('a kernel that finds memory full', () => {
  test.each(Object.entries(kernels))('leaves nothing behind: %s', async (_, kernel) => {
    const x = tf.ones([1, 16, 32, 32, 64]) as tf.Tensor5D; // 4 MiB
    const w = tf.ones([3, 3, 3, 64, 64]) as tf.Tensor5D;
    const before = [tf.memory().numTensors, backend.numDataIds(), (await kernelMemory()).lent];
    const state = async () => {
      const { lent, weights } = await kernelMemory();
      // Weights that are kept are lent by the scratch pool.
      return [tf.memory().numTensors, backend.numDataIds(), weights === 0 ? lent : before[2]];
    };
    fill(512 * mebi, mebi, mebi / 4, mebi / 64);
    const ones = blocks.filter(({ bytes }) => bytes === mebi);
    let failures = 0;
    for (let free = 0; free < 64; free++) {
      try {
        tf.tidy(() => void kernel(x, w));
        break;
      } catch (error) {
        expect(isSegError(error, 'limit-exceeded')).toBe(true);
        failures++;
      }
      expect(await state()).toEqual(before);
      const hole = ones.pop()!;
      wasm._free(hole.at);
      blocks.splice(blocks.indexOf(hole), 1);
    }
    expect(failures).toBeGreaterThan(0);
    tf.dispose([x, w]);
    expect([tf.memory().numTensors, backend.numDataIds()]).toEqual([before[0]! - 2, before[1]! - 2]);
  });
});

describe('a tensor that finds memory full', () => {
  test('gets what idle scratch and cached weights took', async () => {
    const x = tf.ones([1, 8, 16, 16, 64]) as tf.Tensor5D;
    const w = tf.ones([3, 3, 3, 64, 64]) as tf.Tensor5D;
    const before = tf.memory().numTensors;
    const conv = () => tf.tidy(() => [...tf.conv3d(x, w, 1, 'same').dataSync()]);
    const values = conv();
    fill(512 * mebi, 64 * mebi);
    // One hole at the end, of 64 MiB; what the kernels keep is taken from it.
    const hole = blocks.pop()!;
    fill(4 * mebi, mebi / 4, mebi / 64);
    expect(await kernelMemory()).toEqual({ lent: 0, idle: 0, weights: 0 });
    expect(blocks.length).toBeGreaterThan(0);
    wasm._free(hole.at);
    expect(conv()).toEqual(values);
    const held = await kernelMemory();
    expect(Math.min(held.idle, held.weights)).toBeGreaterThan(0);
    const large = tf.tidy(() => tf.keep(tf.zeros([hole.bytes / 4])));
    expect(await kernelMemory()).toEqual({ lent: 0, idle: 0, weights: 0 });
    large.dispose();
    expect(conv()).toEqual(values);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([x, w]);
  });
});
