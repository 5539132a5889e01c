import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { startBackend } from '../../src/index.ts';

await startBackend({ name: 'cpu' });

type Save = (tensors: tf.Tensor[]) => void;
type Gradient = (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

/** An op that passes its first input on and saves all inputs, with a gradient of the test's own. */
function op(gradient: Gradient): (...inputs: tf.Tensor[]) => tf.Tensor {
  return tf.customGrad((...args) => {
    const inputs = args.slice(0, -1) as tf.Tensor[];
    (args.at(-1) as unknown as Save)(inputs);
    return { value: tf.clone(inputs[0]!), gradFunc: gradient as (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[] };
  });
}

/** Numbers of what `compute` returns, and that nothing else of it stays. */
function values(compute: () => tf.Tensor | tf.Tensor[]): number[] {
  const before = tf.memory().numTensors;
  const results = [compute()].flat();
  const numbers = results.flatMap((t) => [...t.dataSync()]);
  tf.dispose(results);
  expect(tf.memory().numTensors).toBe(before);
  return numbers;
}

test('what a layer saved and its gradient are gone when the gradient after the next one is computed', () => {
  const layers = 20;
  const alive: number[] = [];
  const layer = op((dy) => {
    alive.push(tf.memory().numTensors);
    return tf.mul(dy, 2);
  });
  const x = tf.scalar(3);
  const network = (input: tf.Tensor) => {
    let y = input;
    for (let i = 0; i < layers; i++) y = layer(y);
    return y;
  };
  const [gradient] = values(() => tf.grad(network)(x));
  expect(gradient).toBe(2 ** layers);
  // Each layer left saved one tensor, and the one at work has the gradient that comes to it; tfjs's own way would have
  // one more from layer to layer.
  expect(alive).toEqual(Array.from({ length: layers }, (_, i) => alive[0]! - i));
  x.dispose();
});

test('gradients that are the same tensor, that which came, or a saved one, are each passed on whole', () => {
  const [a, b] = [tf.scalar(5), tf.scalar(7)];
  const both = op((dy) => [dy, dy]);
  const doubled = op((dy) => {
    const twice = tf.mul(dy, 2);
    return [twice, twice];
  });
  const saved = op((_dy, [first, second]) => [first!, second!]);
  // a -> a^2 -> both(a^2, b): each layer uses its gradients once more before they arrive at a and b.
  const through = (combine: (...inputs: tf.Tensor[]) => tf.Tensor) => (x: tf.Tensor, y: tf.Tensor) =>
    combine(tf.square(x), tf.mul(y, 3));
  expect(values(() => tf.grads(through(both))([a, b]))).toEqual([10, 3]);
  expect(values(() => tf.grads(through(doubled))([a, b]))).toEqual([20, 6]);
  // The gradients that it gives are its inputs, 25 and 21.
  expect(values(() => tf.grads(through(saved))([a, b]))).toEqual([250, 63]);
  // Directly to the wanted inputs.
  expect(values(() => tf.grads((x, y) => both(x, y))([a, b]))).toEqual([1, 1]);
  expect(values(() => tf.grads((x, y) => saved(x, y))([a, b]))).toEqual([5, 7]);
  // The same input twice: both gradients arrive at it.
  expect(values(() => tf.grad((x) => both(tf.square(x), tf.square(x)))(a))).toEqual([20]);
  tf.dispose([a, b]);
});

test('tensors from outside, kept ones and the given dy stay', () => {
  const [x, constant, dy] = [tf.scalar(2), tf.scalar(11), tf.scalar(-4)];
  let kept: tf.Tensor | undefined;
  const outside = op(() => constant);
  const keeping = op((gradient) => {
    kept = tf.keep(gradient);
    return tf.mul(gradient, 3);
  });
  const before = tf.memory().numTensors;
  const gradient = tf.grad((t) => tf.neg(keeping(outside(tf.square(t)))))(x, dy);
  // Of square(x) arrives 11 from outside, whatever came to it: 11 * 2x.
  expect(gradient.dataSync()[0]).toBe(44);
  expect([constant, dy, kept!].map((t) => t.dataSync()[0])).toEqual([11, -4, 4]);
  gradient.dispose();
  expect(tf.memory().numTensors).toBe(before + 1);
  tf.dispose([x, constant, dy, kept!]);
});

test('values, several results, unused branches and variables', () => {
  const before = tf.memory().numTensors;
  const x = tf.scalar(3);
  const { value, grad } = tf.valueAndGrad((t: tf.Tensor) => {
    tf.exp(t); // leads nowhere
    return tf.sum(tf.add(tf.square(t), t)) as tf.Scalar;
  })(x);
  expect(values(() => [tf.clone(value), tf.clone(grad)])).toEqual([12, 7]);
  tf.dispose([value, grad]);
  const variable = tf.tidy(() => tf.variable(tf.scalar(5), true, 'releaseEarly'));
  const { value: loss, grads } = tf.variableGrads(() => tf.mul(variable, variable) as tf.Scalar);
  expect([loss, grads.releaseEarly!].map((t) => t.dataSync()[0])).toEqual([25, 10]);
  tf.dispose([loss, grads.releaseEarly!, variable, x]);
  expect(tf.memory().numTensors).toBe(before);
});

test('gradients of gradients', () => {
  const x = tf.scalar(2);
  const cube = (t: tf.Tensor) => tf.mul(t, tf.square(t));
  const first = tf.grad(cube);
  const second = tf.grad((t: tf.Tensor) => first(t));
  expect(values(() => first(x))).toEqual([12]);
  expect(values(() => second(x))).toEqual([12]);
  // A step through an inner step, as in meta-learning: f(x - f'(x)/6) with f = x^3 is 0 at 2, as is its gradient by x
  // there; at 1 it is (1/2)^3 with the gradient 3 (1/2)^2 (1 - 1).
  const inner = (t: tf.Tensor) => cube(tf.sub(t, tf.div(first(t), 6)));
  const one = tf.scalar(1);
  expect(values(() => tf.grad(inner)(x))).toEqual([0]);
  expect(values(() => tf.grad(inner)(one))[0]).toBeCloseTo(0, 6);
  // By f'(x)/3 instead: x - x^2 at 2 is -2, whose cube has the gradient 3 * 4 * (1 - 4).
  expect(values(() => tf.grad((t: tf.Tensor) => cube(tf.sub(t, tf.div(first(t), 3))))(x))[0]).toBeCloseTo(-36, 4);
  tf.dispose([x, one]);
});

test('an error, forward or backward, leaves nothing behind', () => {
  const x = tf.scalar(2);
  const failing = op(() => {
    throw new Error('backward');
  });
  const before = tf.memory().numTensors;
  expect(() => tf.grad((t) => failing(tf.square(t)))(x)).toThrow('backward');
  expect(tf.memory().numTensors).toBe(before);
  const forward = (t: tf.Tensor): tf.Tensor => {
    tf.square(tf.square(t));
    throw new Error('forward');
  };
  expect(() => tf.grad(forward)(x)).toThrow('forward');
  expect(tf.memory().numTensors).toBe(before);
  expect(values(() => tf.grad((t) => tf.square(t))(x))).toEqual([4]);
  x.dispose();
});
