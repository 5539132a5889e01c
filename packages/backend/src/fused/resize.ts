import type { KernelRuntime } from '../runtime/kernel-runtime.ts';
import { type Kernel, sizeOf, withScratch } from './context.ts';
import { partRange, partsFor } from './parts.ts';

type Triple = readonly [number, number, number];

/** Two input places and the weight of the second, for each output place: half-pixel centres, edges clamped. */
function interpolation(from: number, to: number) {
  return Array.from({ length: to }, (_, i) => {
    const position = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(position);
    return { low, high: Math.min(low + 1, from - 1), weight: position - low };
  });
}

/** Words of a table: unsigned numbers, and floats by their bits. */
function packWords(count: number, write: (words: Uint32Array, floats: Float32Array) => void): Uint32Array {
  const words = new Uint32Array(count);
  write(words, new Float32Array(words.buffer));
  return words;
}

/** [2][to] byte offsets and [to] weights; `pitch` bytes from one input place to the next. */
function forwardTable(from: number, to: number, pitch: number): Uint32Array {
  return packWords(3 * to, (words, weights) => {
    interpolation(from, to).forEach(({ low, high, weight }, i) => {
      words[i] = low * pitch;
      words[to + i] = high * pitch;
      weights[2 * to + i] = weight;
    });
  });
}

/** [from + 1] starts, then pairs of byte offset and weight of the output places that an input place went into. */
function gradientTable(from: number, to: number, pitch: number): Uint32Array {
  const users: { output: number; weight: number }[][] = Array.from({ length: from }, () => []);
  interpolation(from, to).forEach(({ low, high, weight }, output) => {
    users[low]!.push({ output, weight: low === high ? 1 : 1 - weight });
    if (low !== high) users[high]!.push({ output, weight });
  });
  const pairs = users.flat();
  return packWords(from + 1 + 2 * pairs.length, (words, weights) => {
    users.reduce((start, list, i) => (words[i + 1] = start + list.length), 0);
    pairs.forEach(({ output, weight }, i) => {
      words[from + 1 + 2 * i] = output * pitch;
      weights[from + 2 + 2 * i] = weight;
    });
  });
}

/** Runs `use` with the addresses of the tables in tfjs's memory. */
function withTables(runtime: KernelRuntime, tables: readonly Uint32Array[], use: (pointers: number[]) => void): void {
  const bytes = tables.reduce((sum, table) => sum + table.byteLength, 0);
  withScratch(runtime, bytes, ({ pointer }) => {
    let at = pointer;
    const pointers = tables.map((table) => {
      new Uint32Array(runtime.memory.buffer, at, table.length).set(table);
      at += table.byteLength;
      return at - table.byteLength;
    });
    use(pointers);
  });
}

const spatial = (shape: readonly number[]) => shape.slice(1, 4) as unknown as Triple;

/** The kernel `SegResizeTrilinear`. */
export const resizeTrilinear: Kernel = (runtime, { x }, attrs) => {
  const size = attrs.size as Triple;
  const input = spatial(x!.shape);
  const [samples, channels] = [x!.shape[0]!, x!.shape[4]!];
  const y = runtime.makeOutput([samples, ...size, channels], 'float32');
  if (sizeOf(y.shape) === 0) return y;
  const pitches = [input[1] * input[2], input[2], 1].map((places) => places * channels * 4);
  const tables = [0, 1, 2].map((a) => forwardTable(input[a]!, size[a]!, pitches[a]!));
  withTables(runtime, tables, (pointers) => {
    const planes = samples * size[0];
    const parts = partsFor(planes, size[1] * size[2] * channels * 8);
    const sample = input[0] * pitches[0]!;
    const head = [runtime.pointer(x!), sample, channels * 4, ...size, ...pointers, runtime.pointer(y)];
    runtime.run('fused', 'resize', parts, (part) => [...head, ...partRange(planes, part, parts)]);
  });
  return y;
};

/** The kernel `SegResizeTrilinearGrad`. */
export const resizeTrilinearGrad: Kernel = (runtime, { dy }, attrs) => {
  const input = attrs.inputSize as Triple;
  const size = spatial(dy!.shape);
  const [samples, channels] = [dy!.shape[0]!, dy!.shape[4]!];
  const dx = runtime.makeOutput([samples, ...input, channels], 'float32');
  if (sizeOf(dx.shape) === 0) return dx;
  const pitches = [size[1] * size[2], size[2], 1].map((places) => places * channels * 4);
  const tables = [0, 1, 2].map((a) => gradientTable(input[a]!, size[a]!, pitches[a]!));
  withTables(runtime, tables, (starts) => {
    const lists = starts.map((start, a) => start + (input[a]! + 1) * 4);
    const planes = samples * input[0];
    const parts = partsFor(planes, (8 * sizeOf(dy!.shape)) / planes);
    const sample = size[0] * pitches[0]!;
    const head = [runtime.pointer(dy!), sample, channels * 4, ...input, ...starts, ...lists, runtime.pointer(dx)];
    runtime.run('fused', 'resizeGrad', parts, (part) => [...head, ...partRange(planes, part, parts)]);
  });
  return dx;
};
