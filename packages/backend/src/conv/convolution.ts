import type { KernelRuntime } from '../runtime/kernel-runtime.ts';
import type { ConvContext } from './context.ts';
import { directFilterGradient, type FilterGradientPlaces } from './direct-filter-gradient.ts';
import { directForward, type ForwardPlaces } from './direct-forward.ts';
import { directInputGradient, type InputGradientPlaces } from './direct-input-gradient.ts';
import { allAre, type ConvGeometry, volumeOf } from './geometry.ts';
import { type ConvPrecision, planConvolution, planFilterGradient } from './plan.ts';
import { stridedFilterGradient, stridedInputGradient, stridedPays } from './strided-convolution.ts';
import { WeightCache } from './weight-cache.ts';
import { winogradForward, winogradInputGradient } from './winograd-convolution.ts';
import { winogradFilterGradient } from './winograd-filter-gradient.ts';

export interface ConvolutionOptions {
  /** `fast` (default) uses Winograd's method where it pays; `direct` sums in the textbook order of taps. */
  readonly precision?: ConvPrecision;
  /** Packed and transformed weights that are kept, in bytes; default 256 MiB. */
  readonly weightCacheBytes?: number;
}

/** Convolutions and their gradients on tensors in the runtime's memory, given by address. */
export class Convolution {
  readonly #context: ConvContext;
  readonly #precision: ConvPrecision;
  /** Bytes of weights that are kept at most. */
  readonly weightCacheLimitBytes: number;

  constructor(runtime: KernelRuntime, options: ConvolutionOptions = {}) {
    const { precision = 'fast', weightCacheBytes = 256 << 20 } = options;
    this.#context = { runtime, weights: new WeightCache(runtime, weightCacheBytes) };
    this.#precision = precision;
    this.weightCacheLimitBytes = weightCacheBytes;
  }

  /** Bytes of packed and transformed weights that are kept now. */
  get weightCacheBytes(): number {
    return this.#context.weights.bytes;
  }

  /** y = bias + x * weights. */
  forward(g: ConvGeometry, places: ForwardPlaces): void {
    if (volumeOf(g.output) * g.batch * g.outChannels === 0) return;
    if (g.inChannels === 0) {
      const y = this.#floats(places.y, volumeOf(g.output) * g.batch * g.outChannels);
      if (places.bias === 0) y.fill(0);
      else for (let i = 0; i < y.length; i += g.outChannels) y.set(this.#floats(places.bias, g.outChannels), i);
      return;
    }
    const plan = planConvolution(g, this.#precision);
    if (plan === undefined) directForward(this.#context, g, places);
    else winogradForward(this.#context, g, plan, places);
  }

  /** The gradient for x; the geometry may not be dilated. */
  inputGradient(g: ConvGeometry, places: InputGradientPlaces): void {
    const count = volumeOf(g.input) * g.batch * g.inChannels;
    if (count === 0) return;
    if (g.outChannels === 0) {
      this.#floats(places.dx, count).fill(0);
      return;
    }
    if (this.#precision === 'fast' && stridedPays(g)) {
      stridedInputGradient(this.#context, g, places);
      return;
    }
    const adjoint = { ...g, output: g.input, inChannels: g.outChannels, outChannels: g.inChannels };
    const plan = allAre(g.stride, 1) ? planConvolution(adjoint, this.#precision) : undefined;
    if (plan === undefined) directInputGradient(this.#context, g, places);
    else winogradInputGradient(this.#context, g, plan, places);
  }

  /** The gradient for the weights. */
  filterGradient(g: ConvGeometry, places: FilterGradientPlaces): void {
    if (volumeOf(g.output) * g.batch === 0) {
      this.#floats(places.dw, volumeOf(g.kernel) * g.inChannels * g.outChannels).fill(0);
      return;
    }
    if (this.#precision === 'fast' && stridedPays(g)) {
      stridedFilterGradient(this.#context, g, places);
      return;
    }
    const plan = planFilterGradient(g, this.#precision);
    if (plan === undefined) directFilterGradient(this.#context, g, places);
    else winogradFilterGradient(this.#context, g, plan, places);
  }

  #floats(pointer: number, count: number): Float32Array {
    return new Float32Array(this.#context.runtime.memory.buffer, pointer, count);
  }

  /** Gives the kept weights back. */
  dispose(): void {
    this.#context.weights.clear();
  }
}
