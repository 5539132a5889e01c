import type * as tf from '@tensorflow/tfjs-core';
import { SegError } from './errors.ts';
import type { ParamSpec, ParamSpecs, Params } from './network.ts';
import type { Rng } from './rng.ts';

/** Values of one parameter as its spec starts it. */
export function initialValues(spec: ParamSpec, rng: Rng): Float32Array {
  const size = spec.shape.reduce((a, b) => a * b, 1);
  const values = new Float32Array(size);
  const { init } = spec;
  const fanIn = spec.fanIn ?? Math.max(1, size / Math.max(1, spec.shape[spec.shape.length - 1] ?? 1));
  switch (init.kind) {
    case 'constant':
      return values.fill(init.value);
    case 'normal':
      return rng.fillNormal(values, 0, init.standardDeviation);
    case 'kaimingNormal':
      return rng.fillNormal(values, 0, Math.sqrt(2 / ((1 + (init.negativeSlope ?? 0) ** 2) * fanIn)));
    case 'kaimingUniform':
      return fillSymmetric(values, Math.sqrt(6 / ((1 + (init.negativeSlope ?? 0) ** 2) * fanIn)), rng);
    case 'fanInUniform':
      return fillSymmetric(values, 1 / Math.sqrt(fanIn), rng);
  }
}

function fillSymmetric(values: Float32Array, bound: number, rng: Rng): Float32Array {
  return rng.fillUniform(values, -bound, bound);
}

/** Number of scalars in a set of specs. */
export function countParams(specs: ParamSpecs): number {
  return Object.values(specs).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/** Disposes every tensor of the map. */
export function disposeParams(params: Params): void {
  for (const tensor of Object.values(params)) tensor.dispose();
}

/** The entries whose name passes the test; tensors are shared, not copied. */
export function filterParams(params: Params, keep: (name: string) => boolean): Params {
  return Object.fromEntries(Object.entries(params).filter(([name]) => keep(name)));
}

/** Applies a function to every parameter. */
export function mapParams(params: Params, fn: (tensor: tf.Tensor, name: string) => tf.Tensor): Params {
  return Object.fromEntries(Object.entries(params).map(([name, tensor]) => [name, fn(tensor, name)]));
}

/**
 * Checks that a parameter map has exactly the names and shapes of the specs.
 *
 * @throws SegError `shape-mismatch` that lists what is missing, what is left over and which shapes differ.
 */
export function checkParams(where: string, params: Params, specs: ParamSpecs): void {
  const problems: string[] = [];
  for (const [name, { shape }] of Object.entries(specs)) {
    const tensor = params[name];
    if (tensor === undefined) problems.push(`${name} is missing`);
    else if (tensor.shape.join() !== shape.join()) {
      problems.push(`${name} has shape [${tensor.shape}] instead of [${shape}]`);
    }
  }
  for (const name of Object.keys(params)) if (!(name in specs)) problems.push(`${name} is unknown`);
  if (problems.length === 0) return;
  const shown = problems.slice(0, 8).join('; ') + (problems.length > 8 ? `; and ${problems.length - 8} more` : '');
  throw new SegError('shape-mismatch', {
    where,
    problem: `the parameters do not fit the network: ${shown}`,
    hint: 'Use the configuration that the parameters were made with.',
  });
}
