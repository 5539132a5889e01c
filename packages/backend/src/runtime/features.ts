import { isNode, nodeBuiltin } from './node-builtins.ts';

// Smallest modules that use the feature: a function of type () -> () or () -> v128.
const simdProbe = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11];
const relaxedProbe = [
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0],
  ...[65, 1, 253, 15, 65, 2, 253, 15, 65, 3, 253, 15, 253, 133, 2, 11],
];

/** What this engine offers to the kernels. */
export interface WasmFeatures {
  /** 128-bit SIMD, which everything here needs. */
  readonly simd: boolean;
  /** Relaxed SIMD: fused multiply-add, worth a factor of 1.5. */
  readonly relaxedSimd: boolean;
  /** Memory that threads can share (in browsers only when the page is cross-origin isolated). */
  readonly sharedMemory: boolean;
  /** V8's experimental 256-bit revectorizer can be switched on. */
  readonly revectorizer: boolean;
}

/** Finds out what the engine offers, by validating tiny modules; takes microseconds. */
export function detectFeatures(): WasmFeatures {
  const valid = (bytes: readonly number[]) => WebAssembly.validate(new Uint8Array(bytes));
  return {
    simd: valid(simdProbe),
    relaxedSimd: valid(relaxedProbe),
    sharedMemory: canShareMemory(),
    revectorizer: hasRevectorizer(),
  };
}

function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer === 'undefined') return false;
  return isNode() || globalThis.crossOriginIsolated === true;
}

function hasRevectorizer(): boolean {
  const process = nodeBuiltin<{ versions: { v8: string }; arch: string }>('node:process');
  if (process === undefined || process.arch !== 'x64') return false;
  const [major = 0, minor = 0] = process.versions.v8.split('.').map(Number);
  return major > 13 || (major === 13 && minor >= 6);
}
