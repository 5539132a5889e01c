/// <reference path="./wasm-text.d.ts" />
import { SegError } from '@seg/core';
import type { KernelModule, KernelVariant } from './kernel-runtime.ts';
import { declareMemory, decodeBase64 } from './wasm-binary.ts';

interface WasmText {
  readonly base64: string;
}

// One chunk each, so that only the variant in use is ever loaded. The files are made by `pnpm build:wasm`.
const files: Record<KernelModule, Record<KernelVariant, () => Promise<WasmText>>> = {
  conv: {
    simd: () => import('../generated/conv-simd.wasm.js'),
    relaxed: () => import('../generated/conv-relaxed.wasm.js'),
    revec: () => import('../generated/conv-revec.wasm.js'),
  },
  fused: {
    simd: () => import('../generated/fused-simd.wasm.js'),
    relaxed: () => import('../generated/fused-relaxed.wasm.js'),
    revec: () => import('../generated/fused-revec.wasm.js'),
  },
};

/** One module of one variant, compiled for memory that is shared or not. */
export async function loadKernel(
  module: KernelModule,
  variant: KernelVariant,
  shared: boolean,
): Promise<WebAssembly.Module> {
  const { base64 } = await files[module][variant]().catch((cause: unknown) => {
    throw new SegError('not-found', {
      where: 'startBackend',
      problem: `the WebAssembly kernels ${module}-${variant} are not there`,
      hint: 'In a checkout, run `pnpm build:wasm` in packages/backend first.',
      cause,
    });
  });
  return WebAssembly.compile(declareMemory(decodeBase64(base64), shared));
}

/** The modules of one variant, compiled for memory that is shared or not. */
export async function loadKernels(
  variant: KernelVariant,
  shared: boolean,
): Promise<Record<KernelModule, WebAssembly.Module>> {
  const load = (module: KernelModule) => loadKernel(module, variant, shared);
  const [conv, fused] = await Promise.all([load('conv'), load('fused')]);
  return { conv, fused };
}
