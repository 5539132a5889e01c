import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { memoryLimitBytes } from '../../src/runtime/tfjs-wasm.ts';
import { declareMemory, decodeBase64 } from '../../src/runtime/wasm-binary.ts';

// (module (import "env" "f" (func (param i32))) (import "env" "memory" (memory 1 2 shared)))
const imported = [
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 1, 127, 0],
  ...[2, 24, 2, 3, 101, 110, 118, 1, 102, 0, 0, 3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2, 3, 1, 2],
];

test('an imported memory is declared shared or not, after other imports', () => {
  const f = () => undefined;
  for (const shared of [true, false]) {
    const module = new WebAssembly.Module(declareMemory(new Uint8Array(imported), shared));
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared });
    expect(new WebAssembly.Instance(module, { env: { f, memory } })).toBeDefined();
    const other = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: !shared });
    expect(() => new WebAssembly.Instance(module, { env: { f, memory: other } })).toThrow(WebAssembly.LinkError);
  }
});

// (module (import "env" "memory" (memory 1 65536)))
const growing = [
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  ...[2, 18, 1, 3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2, 1, 1, 128, 128, 4],
];

test("a memory's growth is limited in as many bytes as its own limit has", () => {
  for (const pages of [5, 300, 60_416, 65_536]) {
    for (const shared of [true, false]) {
      const module = new WebAssembly.Module(declareMemory(new Uint8Array(growing), shared, pages));
      const instantiate = (maximum: number) =>
        new WebAssembly.Instance(module, { env: { memory: new WebAssembly.Memory({ initial: 1, maximum, shared }) } });
      expect(instantiate(pages)).toBeDefined();
      if (pages < 65_536) expect(() => instantiate(pages + 1)).toThrow(WebAssembly.LinkError);
    }
  }
  // Its own limit stays where that is lower.
  const copy = declareMemory(new Uint8Array(imported), true, 100);
  expect([...copy]).toEqual(imported);
});

test("tfjs's build accepts shared memory and a lower limit", () => {
  const path = '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm';
  const binary = readFileSync(createRequire(import.meta.url).resolve(path));
  const copy = declareMemory(binary, true);
  expect(WebAssembly.validate(copy)).toBe(true);
  expect(copy.reduce((changed, byte, i) => changed + (byte === binary[i] ? 0 : 1), 0)).toBe(1);
  const limited = declareMemory(binary, true, memoryLimitBytes / 2 ** 16);
  expect(WebAssembly.validate(limited)).toBe(true);
  // 65536 pages are 128 128 4, 60416 are 128 216 3.
  expect([...limited.keys()].filter((i) => limited[i] !== copy[i]).map((i) => limited[i])).toEqual([216, 3]);
});

test('a binary without a memory is refused', () => {
  expect(() => declareMemory(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]), true)).toThrow('no memory');
});

test('base64 comes back as bytes', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(bytes);
});
