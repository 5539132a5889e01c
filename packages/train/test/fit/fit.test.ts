import { diceCrossEntropy } from '@seg/ops';
import { defineMethod, disposeState, fit, type LogRecord, lossGradients, type Progress } from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';
import { blobCases } from '../support/blob-cases.ts';
import { tinyNetwork } from '../support/tiny-network.ts';

const network = tinyNetwork(3);
const supervised = defineMethod({
  name: 'test-supervised',
  groups: { network: { init: (rng) => network.init(rng), optimiser: { kind: 'adam', learningRate: 0.02 } } },
  streams: { train: { batchSize: 2 } },
  step: ({ params, trainable, batch: { train } }) =>
    lossGradients(trainable, () =>
      diceCrossEntropy(network.apply(params.network, train.image, { statistics: 'batch' }), train.label),
    ),
  predictor: (params) => ({ apply: (x) => network.apply(params.network, x) }),
});

describeBackends('fit', () => {
  it('learns, validates, logs, reports progress and leaves only its state in memory', async () => {
    const cases = blobCases(6);
    const before = tf.memory().numTensors;
    const logs: LogRecord[] = [];
    const tensors: number[] = [];
    const progress: Progress[] = [];
    const result = await fit(supervised, {
      data: cases.slice(0, 4),
      validation: cases.slice(4),
      budget: { steps: 40 },
      patchSize: [8, 8, 8],
      ema: 0.9,
      logEvery: 5,
      seed: 3,
      onLog: (record) => logs.push(record),
      onProgress: (p) => {
        progress.push(p);
        tensors.push(tf.memory().numTensors);
      },
    });
    expect(result.stopped).toBe('finished');
    expect(result.validation!.score).toBeGreaterThan(0.6);
    expect(new Set(tensors.slice(1)).size).toBe(1);
    expect(progress.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(logs.filter(({ kind }) => kind === 'train')).toHaveLength(8);
    // 4 windows of each of 2 cases at 2 passes, where a step of 2 samples is worth 6: 16 / 6 steps, so that 8 % of 40
    // steps are one validation.
    expect(logs.filter(({ kind }) => kind === 'validation').map(({ step }) => step)).toEqual([40]);
    disposeState(result.state);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('shows the trained weights after every epoch and after the last step', async () => {
    const weights: [number, Float32Array][] = [];
    const method = defineMethod({
      ...supervised,
      async afterEpoch({ params, step }) {
        weights.push([step, (await Object.values(params.network)[0]!.data()) as Float32Array]);
      },
    });
    // 5 of 6 cases have a label: epochs of 2.5 steps with batches of 2.
    const data = blobCases(6).map((item, i) => (i === 0 ? { ...item, info: { ...item.info, labelled: false } } : item));
    const options = { data, budget: { steps: 9 }, patchSize: [8, 8, 8] as const, ema: 0.9 };
    const { state } = await fit(method, options);
    expect(weights.map(([step]) => step)).toEqual([3, 5, 8, 9]);
    expect(weights[3]![1]).toEqual(Object.values(state.groups.network!)[0]!.dataSync());
    disposeState(state);
    // Stopped by its user: not finished, so that what was recorded is what a run that goes on has, too.
    weights.length = 0;
    const controller = new AbortController();
    const onProgress = ({ step }: Progress) => void (step === 4 && controller.abort());
    disposeState((await fit(method, { ...options, signal: controller.signal, onProgress })).state);
    expect(weights.map(([step]) => step)).toEqual([3]);
  });
});
