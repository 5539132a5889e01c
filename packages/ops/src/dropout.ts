import { checkOption, type Rng, SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { runCustomOp } from './internal/custom-op.ts';

export interface DropoutOptions {
  /** `'element'`: every value by itself; `'channel'`: whole channels of a sample (Tompson et al. 2015). Default 'element'. */
  readonly kind?: 'element' | 'channel';
}

/**
 * Inverted dropout (Srivastava et al. 2014): zeroes with probability `rate` and divides what is left by 1 - rate.
 *
 * The choice is a function of the key alone: the same generator state drops the same values on every backend. Pass
 * `rng.fork('name')` for a fixed choice, or `rng` itself to move on with each call.
 *
 * @param x [N, ..., C]
 * @param rate in [0, 1)
 * @param rng drawn from (advanced) unless rate is 0
 * @throws SegError `invalid-argument` for a rate outside [0, 1), `unknown-option` for another kind.
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, rng: Rng, options: DropoutOptions = {}): T {
  const kind = checkOption('dropout', 'kind', options.kind ?? 'element', ['element', 'channel']);
  if (!(rate >= 0 && rate < 1)) {
    throw new SegError('invalid-argument', {
      where: 'dropout',
      problem: 'rate is out of range',
      got: rate,
      expected: '[0, 1)',
    });
  }
  if (rate === 0) return tf.clone(x);
  const shape = kind === 'element' ? x.shape : x.shape.map((n, a) => (a === 0 || a === x.rank - 1 ? n : 1));
  const mask = tf.tensor(maskValues(shape, rate, rng), shape);
  const y = runCustomOp({
    inputs: { x },
    forward: (save) => {
      save([mask]);
      return tf.mul(x, mask);
    },
    gradient: (dy, [mask]) => ({ x: () => tf.mul(dy, mask!) }),
  })[0]!;
  mask.dispose();
  return y as T;
}

function maskValues(shape: readonly number[], rate: number, rng: Rng): Float32Array {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const threshold = rate * 2 ** 32;
  for (let i = 0; i < values.length; i++) values[i] = rng.uint32() < threshold ? 0 : 1 / (1 - rate);
  return values;
}
