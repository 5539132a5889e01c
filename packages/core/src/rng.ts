import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { SegError } from './errors.ts';

/** The complete state of an `Rng`, as plain JSON. */
export interface RngState {
  readonly kind: 'xoroshiro128plus';
  readonly words: readonly [number, number, number, number];
}

/**
 * A seeded, splittable, serialisable random generator (xoroshiro128+ of pure-rand).
 *
 * Every random choice of the library draws from one that the caller passes: the same seed gives the same numbers on
 * every machine, and a saved `state` continues exactly where it was.
 *
 * @example
 * const rng = Rng.fromSeed(1);
 * const augmentation = rng.fork('augmentation'); // its own stream, whatever else draws from rng
 * const noise = augmentation.normal(0, 0.1);
 */
export class Rng {
  #generator: ReturnType<typeof xoroshiro128plusFromState>;

  private constructor(words: readonly number[]) {
    this.#generator = xoroshiro128plusFromState(words);
  }

  /** A generator from an integer seed (any safe integer). */
  static fromSeed(seed: number): Rng {
    if (!Number.isSafeInteger(seed)) {
      throw new SegError('invalid-argument', {
        where: 'Rng.fromSeed',
        problem: 'the seed must be a safe integer',
        got: seed,
      });
    }
    return new Rng(expand([seed | 0, Math.floor(seed / 2 ** 32) | 0]));
  }

  /** A generator that continues from a saved state. */
  static fromState(state: RngState): Rng {
    const words = state?.words;
    const valid =
      state?.kind === 'xoroshiro128plus' &&
      Array.isArray(words) &&
      words.length === 4 &&
      words.every((w) => Number.isInteger(w)) &&
      words.some((w) => w !== 0);
    if (!valid) {
      throw new SegError('invalid-argument', {
        where: 'Rng.fromState',
        problem: 'not a state of this generator',
        got: state,
        expected: '{ kind: "xoroshiro128plus", words: [four integers, not all 0] }',
      });
    }
    return new Rng(words);
  }

  /** The state as plain JSON; reading it does not advance the generator. */
  get state(): RngState {
    const [a, b, c, d] = this.#generator.getState() as [number, number, number, number];
    return { kind: 'xoroshiro128plus', words: [a | 0, b | 0, c | 0, d | 0] };
  }

  /**
   * The stream of this name under the present state, without advancing this generator: the same state and label give
   * the same stream, different labels give independent ones.
   */
  fork(label: string | number): Rng {
    return new Rng(expand([...this.state.words, ...hashLabel(label)]));
  }

  /** A new independent stream; advances this generator. */
  split(): Rng {
    return new Rng(expand([this.uint32(), this.uint32(), this.uint32(), this.uint32()]));
  }

  /** Uniform in [0, 2^32). */
  uint32(): number {
    return this.#generator.next() >>> 0;
  }

  /** Uniform in [min, max), 53 random bits. */
  uniform(min = 0, max = 1): number {
    // The generator's low bits are its weakest, so the top 26 and 27 of two draws are used.
    const high = this.#generator.next() >>> 6;
    const low = this.#generator.next() >>> 5;
    return min + (max - min) * ((high * 2 ** 27 + low) / 2 ** 53);
  }

  /** Normal with the given mean and standard deviation (Box-Muller; two uniforms a draw, none kept back). */
  normal(mean = 0, standardDeviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + standardDeviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Uniform integer in [0, bound), without modulo bias. */
  integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new SegError('invalid-argument', {
        where: 'Rng.integer',
        problem: 'the bound must be an integer in [1, 2^32]',
        got: bound,
      });
    }
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const draw = this.uint32();
      if (draw < limit) return draw % bound;
    }
  }

  /** True with probability p. */
  bernoulli(p: number): boolean {
    return this.uniform() < p;
  }

  /** One element, uniformly; the array must not be empty. */
  choice<T>(items: readonly T[]): T {
    if (items.length === 0) {
      throw new SegError('invalid-argument', { where: 'Rng.choice', problem: 'nothing to choose from', got: items });
    }
    return items[this.integer(items.length)]!;
  }

  /** A new array with the items in random order (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const result = items.slice();
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [result[i], result[j]] = [result[j]!, result[i]!];
    }
    return result;
  }

  /** Fills a typed array with normal numbers, in order, and returns it. */
  fillNormal<T extends Float32Array | Float64Array>(target: T, mean = 0, standardDeviation = 1): T {
    for (let i = 0; i < target.length; i += 2) {
      // 32-bit uniforms and both halves of Box-Muller: four times faster than normal(), for whole volumes.
      const radius = standardDeviation * Math.sqrt(-2 * Math.log((this.uint32() + 0.5) / 2 ** 32));
      const angle = (2 * Math.PI * this.uint32()) / 2 ** 32;
      target[i] = mean + radius * Math.cos(angle);
      if (i + 1 < target.length) target[i + 1] = mean + radius * Math.sin(angle);
    }
    return target;
  }

  /** Fills a typed array with uniform numbers in [min, max), in order, and returns it. */
  fillUniform<T extends Float32Array | Float64Array>(target: T, min = 0, max = 1): T {
    const scale = (max - min) / 2 ** 24; // 24 bits fit a float32 exactly, so max is never reached by rounding
    for (let i = 0; i < target.length; i++) target[i] = min + scale * (this.uint32() >>> 8);
    return target;
  }
}

/** Four well-mixed words from any number of words: a Weyl sequence through MurmurHash3's finaliser. */
function expand(seed: readonly number[]): number[] {
  const words = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x6a09e667];
  for (let round = 0; round < 2; round++) {
    for (const value of seed) {
      for (let i = 0; i < 4; i++) words[i] = mix(words[i]! ^ mix((value + Math.imul(i + 1, 0x9e3779b9)) | 0));
    }
    for (let i = 0; i < 4; i++) words[i] = mix((words[i]! + words[(i + 1) % 4]! + round + 1) | 0);
  }
  return words.some((w) => w !== 0) ? words : [1, 2, 3, 4];
}

function mix(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hashLabel(label: string | number): number[] {
  const text = typeof label === 'number' ? `#${label}` : label;
  const words = [text.length];
  for (let i = 0; i < text.length; i++) words.push(text.charCodeAt(i));
  return words;
}
