import { initialValues, type ParamSpecs, type Params, type Rng } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * New tensors for a set of specs, which the caller disposes.
 *
 * Every parameter draws from its own stream `rng.fork(name)`, so a parameter starts the same whatever else the network
 * has; `rng` itself is not advanced.
 */
export function createParams(specs: ParamSpecs, rng: Rng): Params {
  const entries = Object.entries(specs).map(([name, spec]) => {
    const tensor = tf.tensor(initialValues(spec, rng.fork(name)), [...spec.shape], 'float32');
    return [name, tf.keep(tensor)] as const;
  });
  return Object.fromEntries(entries);
}
