import { recompute } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';

const xs = [0.5, -1.25, 2, 0.75];
const w = 0.8;
const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
/** A sigmoid from single operations, each of which would keep something for its gradient. */
const block = (x: tf.Tensor, weight: tf.Tensor) => tf.mul(tf.sigmoid(tf.mul(x, weight)), tf.square(x));

describeBackends('recompute', () => {
  it('has the result and the gradients of the function, between other operations and twice', () => {
    const before = tf.memory().numTensors;
    let calls = 0;
    const x = tf.tensor1d(xs);
    const weight = tf.scalar(w);
    const counted = (a: tf.Tensor, b: tf.Tensor) => {
      calls++;
      return block(a, b);
    };
    const { value, grads } = tf.valueAndGrads((a: tf.Tensor, b: tf.Tensor) => {
      const once = recompute(counted, [tf.mul(a, 2), b]);
      return tf.sum(tf.mul(recompute(counted, [once, b]), a));
    })([x, weight]);
    expect(calls).toBe(4);
    // In float64: y(v) = s(v w) v^2, of v = 2 x and again of y; times x.
    let sum = 0;
    let byW = 0;
    const byX = xs.map((v) => {
      const y = (u: number) => sigmoid(u * w) * u * u;
      const slope = (u: number) => sigmoid(u * w) * (1 - sigmoid(u * w)) * w * u * u + 2 * u * sigmoid(u * w);
      const slopeW = (u: number) => sigmoid(u * w) * (1 - sigmoid(u * w)) * u * u * u;
      const inner = y(2 * v);
      sum += y(inner) * v;
      byW += v * (slopeW(inner) + slope(inner) * slopeW(2 * v));
      return y(inner) + v * slope(inner) * slope(2 * v) * 2;
    });
    expect(Math.abs(value.dataSync()[0]! / sum - 1)).toBeLessThan(1e-5);
    expect(Math.abs(grads[1]!.dataSync()[0]! / byW - 1)).toBeLessThan(1e-5);
    grads[0]!.dataSync().forEach((g, i) => {
      expect(Math.abs(g - byX[i]!)).toBeLessThan(1e-5 * Math.max(...byX.map(Math.abs)));
    });
    tf.dispose([value, ...grads, x, weight]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps nothing of the inside until the gradient comes', () => {
    const held = (run: (a: tf.Tensor) => tf.Tensor) => {
      const x = tf.ones([1000]);
      let bytes = 0;
      tf.grad((a: tf.Tensor) => {
        const start = tf.memory().numBytes;
        const y = run(a);
        bytes = tf.memory().numBytes - start;
        return tf.sum(y);
      })(x).dispose();
      x.dispose();
      return bytes;
    };
    const deep = (a: tf.Tensor) => [1, 2, 3, 4, 5].reduce((y) => tf.sigmoid(tf.square(y)), a);
    // The result, and the input under a second name, which tfjs counts again.
    expect(held((a) => recompute(deep, [a]))).toBe(8000);
    expect(held(deep)).toBeGreaterThanOrEqual(10 * 4000);
  });

  it('takes inputs that it does not use, that are whole numbers, or that are its result', () => {
    const before = tf.memory().numTensors;
    const x = tf.tensor1d(xs);
    const unused = tf.scalar(7);
    const factors = tf.tensor1d([2, 4, 3, 1], 'int32');
    const scaled = tf.grads((a: tf.Tensor, u: tf.Tensor) =>
      tf.sum(recompute((v, _, i) => tf.mul(tf.square(v!), tf.cast(i!, 'float32')), [a, u, factors])),
    );
    const [byX, byUnused] = scaled([x, unused]) as [tf.Tensor, tf.Tensor];
    expect([...byX.dataSync()]).toEqual([4 * xs[0]!, 8 * xs[1]!, 6 * xs[2]!, 2 * xs[3]!]);
    expect([...byUnused.dataSync()]).toEqual([0]);
    const same = tf.grad((a: tf.Tensor) =>
      tf.sum(
        tf.mul(
          recompute((v) => v!, [a]),
          3,
        ),
      ),
    )(x);
    expect([...same.dataSync()]).toEqual([3, 3, 3, 3]);
    tf.dispose([x, unused, factors, byX, byUnused, same]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('needs no gradient around it, and passes on what is thrown', () => {
    const before = tf.memory().numTensors;
    const x = tf.tensor1d(xs);
    const weight = tf.scalar(w);
    const y = recompute(block, [x, weight]);
    for (const [i, v] of y.dataSync().entries()) {
      expect(Math.abs(v - sigmoid(xs[i]! * w) * xs[i]! ** 2)).toBeLessThan(1e-6);
    }
    y.dispose();
    let calls = 0;
    const failing = (a: tf.Tensor) => {
      if (++calls === 2) throw new Error('no more');
      return tf.square(a);
    };
    expect(() => tf.grad((a: tf.Tensor) => tf.sum(recompute(failing, [a])))(x)).toThrow('no more');
    const refusing = (): tf.Tensor => {
      throw new Error('no room');
    };
    expect(() => tf.grad((a: tf.Tensor) => tf.sum(recompute(refusing, [tf.mul(a, 2)])))(x)).toThrow('no room');
    tf.dispose([x, weight]);
    expect(tf.memory().numTensors).toBe(before);
    // The tape is whole again.
    const three = tf.scalar(3);
    const slope = tf.grad((a: tf.Tensor) => tf.sum(tf.square(a)))(three);
    expect(slope.dataSync()[0]).toBe(6);
    tf.dispose([three, slope]);
  });
});
