import type { KernelRuntime } from '../runtime/kernel-runtime.ts';
import type { WeightCache } from './weight-cache.ts';

/** What every convolution driver works with. */
export interface ConvContext {
  readonly runtime: KernelRuntime;
  readonly weights: WeightCache;
}

/** Output channels of the register tile of the running build. */
export const tileWidth = ({ runtime }: ConvContext): number => (runtime.variant === 'revec' ? 16 : 8);

/** Bytes of channels that a transform handles at once in the running build. */
export const transformBytes = ({ runtime }: ConvContext): number => (runtime.variant === 'revec' ? 32 : 16);

/** Parts that a loop over `items` is dealt out in: enough to even out the threads' speeds. */
export const partsOf = (items: number): number => Math.max(1, Math.min(items, 48));
