import type { KernelVariant } from '../runtime/kernel-runtime.ts';
import { loadKernel } from '../runtime/load-kernels.ts';
import { nodeBuiltin } from '../runtime/node-builtins.ts';

/**
 * Switches on V8's experimental pass that fuses neighbouring 128-bit operations into 256-bit ones. It holds for the
 * whole process and for modules that are compiled from then on.
 */
export function enableRevectorizer(): void {
  nodeBuiltin<{ setFlagsFromString(flag: string): void }>('node:v8')!.setFlagsFromString(
    '--experimental-wasm-revectorize',
  );
}

/**
 * Whether the build for 256 bits multiplies matrices faster than the one for 128 bits, with the same results. Where V8
 * does not fuse its operations after all, its register tile spills and is several times slower.
 */
export async function revectorizerPays(shared: boolean): Promise<boolean> {
  const [plain, wide] = await Promise.all([startProduct('relaxed', 8, shared), startProduct('revec', 16, shared)]);
  await compileHot([plain, wide]);
  const [plainMs, wideMs] = [fastest(plain), fastest(wide)];
  return wideMs < 2 * plainMs && sameColumns(plain, wide);
}

// A product small enough for the first-level cache: rows, in groups of the register tile's six, times `depth`.
const groups = 10;
const rows = 6 * groups;
const depth = 48;

interface Product {
  /** Columns: those of the register tile. */
  readonly width: number;
  /** [rows, width] */
  readonly result: Float32Array;
  run(): void;
}

async function startProduct(variant: KernelVariant, width: number, shared: boolean): Promise<Product> {
  const module = await loadKernel('conv', variant, shared);
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 65536, shared });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const probe = exports.probe as (groups: number, rowBytes: number, a: number, b: number, c: number) => void;
  const a = new Float32Array(memory.buffer, 64, rows * depth);
  const b = new Float32Array(memory.buffer, a.byteOffset + a.byteLength, depth * width);
  const result = new Float32Array(memory.buffer, b.byteOffset + b.byteLength, rows * width);
  for (let i = 0; i < a.length; i++) a[i] = Math.sin(i);
  // Column 8 + j holds what column j does, so that both widths have the same results.
  for (let i = 0; i < b.length; i++) b[i] = Math.cos(Math.floor(i / width) * 8 + ((i % width) % 8));
  return { width, result, run: () => probe(groups, 4 * depth, a.byteOffset, b.byteOffset, result.byteOffset) };
}

const hotRounds = 4;
const callsOfRound = 150;
const compileMs = 15;

// V8 compiles hot functions in the background.
async function compileHot(products: readonly Product[]): Promise<void> {
  for (let round = 0; round < hotRounds; round++) {
    for (const { run } of products) for (let i = 0; i < callsOfRound; i++) run();
    await new Promise((resolve) => setTimeout(resolve, compileMs));
  }
}

const callsToTime = 20;
const timesToTry = 10;

function fastest({ run }: Product): number {
  const times = Array.from({ length: timesToTry }, () => {
    const start = performance.now();
    for (let i = 0; i < callsToTime; i++) run();
    return performance.now() - start;
  });
  return Math.min(...times);
}

function sameColumns(plain: Product, wide: Product): boolean {
  return wide.result.every(
    (value, i) => value === plain.result[Math.floor(i / wide.width) * plain.width + ((i % wide.width) % plain.width)],
  );
}
