import { SegError } from '@seg/core';
import { leakyRelu } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';
import { checkCase } from '../../src/conformance/check-case.ts';
import type { ConformanceCase } from '../../src/conformance/conformance-case.ts';
import { map, randomValues } from '../../src/conformance/values.ts';
import { conforms, formatConformance, runConformance } from '../../src/index.ts';

describeBackends('conformance', () => {
  test('every op of ours and every op that we use is right, forward and backward', async () => {
    const before = tf.memory().numTensors;
    const seen: string[] = [];
    const results = await runConformance({ onResult: ({ op }) => seen.push(op) });
    expect(results.filter((r) => !conforms(r))).toEqual([]);
    expect(results.length).toBeGreaterThan(120);
    expect(seen.length).toBe(results.length);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('finds errors: values, gradients, shapes, leaks and what is thrown', async () => {
    const x = randomValues([2, 3], 1);
    const base: ConformanceCase = {
      group: 'ops',
      op: 'leakyRelu',
      name: 'slope 0.5',
      inputs: [x],
      run: (t) => leakyRelu(t!, 0.5),
      reference: (v) => map(v!, (e) => (e > 0 ? e : 0.5 * e)),
      differentiable: [0],
    };
    const result = (change: Partial<ConformanceCase>) => checkCase({ ...base, ...change });
    expect(await result({})).toMatchObject({ forward: 'ok', gradient: 'ok', leaked: 0 });
    expect(await result({ run: (t) => leakyRelu(t!, 0.501) })).toMatchObject({ forward: 'wrong', gradient: 'wrong' });
    const doubled = tf.customGrad((t) => {
      const tensor = t as tf.Tensor;
      return { value: leakyRelu(tensor, 0.5), gradFunc: (dy) => tf.mul(dy as tf.Tensor, 2) };
    });
    expect(await result({ run: (t) => doubled(t!) })).toMatchObject({ forward: 'ok', gradient: 'wrong' });
    const flat = (t?: tf.Tensor) => tf.reshape(leakyRelu(t!, 0.5), [6]);
    expect(await result({ run: flat })).toMatchObject({ forward: 'wrong' });
    const leaking = (t?: tf.Tensor) => {
      tf.ones([2]);
      return leakyRelu(t!, 0.5);
    };
    const leaks = await result({ run: leaking });
    expect(leaks.leaked).toBeGreaterThan(0);
    expect(conforms(leaks)).toBe(false);
    const throwing = () => {
      throw new Error('no such kernel\nstack');
    };
    const threw = await result({ run: throwing });
    expect(threw).toMatchObject({ forward: 'throws', gradient: 'throws', message: 'no such kernel' });
    expect(formatConformance([threw])).toContain(
      '| leakyRelu | slope 0.5 | **throws** | **throws** | no such kernel |',
    );
  });
});

describe('runConformance', () => {
  test('refuses unknown groups', async () => {
    await expect(runConformance({ groups: ['op' as 'ops'] })).rejects.toThrow(SegError);
  });
});
