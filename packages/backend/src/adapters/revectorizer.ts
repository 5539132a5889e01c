import { conv3d, dispose, ones, type Tensor5D } from '@tensorflow/tfjs-core';
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

const runsToWarmUp = 12;
const runsToTime = 8;
// V8 compiles hot functions in the background.
const tierUpMs = 120;

/** Fastest milliseconds of a 3-D convolution on the current backend, compiled code only. */
export async function timeConvolution(): Promise<number> {
  const x = ones([1, 24, 24, 24, 32]) as Tensor5D;
  const filter = ones([3, 3, 3, 32, 32]) as Tensor5D;
  const run = () => {
    const start = performance.now();
    conv3d(x, filter, 1, 'same').dispose();
    return performance.now() - start;
  };
  for (let i = 0; i < runsToWarmUp; i++) run();
  await new Promise((resolve) => setTimeout(resolve, tierUpMs));
  const times = Array.from({ length: runsToTime }, run);
  dispose([x, filter]);
  return Math.min(...times);
}
