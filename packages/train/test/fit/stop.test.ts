import { diceCrossEntropy } from '@seg/ops';
import {
  type CheckpointStore,
  defineMethod,
  disposeState,
  fit,
  lossGradients,
  memoryCheckpointStore,
} from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../../tools/describe-backends.ts';
import { blobCases } from '../support/blob-cases.ts';
import { tinyNetwork } from '../support/tiny-network.ts';

const network = tinyNetwork(3);
const cases = blobCases(6);
const options = {
  data: cases.slice(0, 4),
  validation: cases.slice(4),
  budget: { steps: 12 },
  patchSize: [8, 8, 8] as const,
  validateEvery: 4,
  checkpointEvery: 5,
  seed: 3,
};

/** A method that counts the windows of its validations and the epochs that it is told of, and may stop at a window. */
function counting(onWindow: (window: number) => void = () => {}) {
  const counts = { windows: 0, epochs: [] as number[] };
  const method = defineMethod({
    name: 'counting',
    groups: { network: { init: (rng) => network.init(rng), optimiser: { kind: 'adam', learningRate: 0.02 } } },
    streams: { train: { batchSize: 2 } },
    step: ({ trainable, params, batch: { train } }) =>
      lossGradients(trainable, () =>
        diceCrossEntropy(network.apply(params.network, train.image, { statistics: 'batch' }), train.label),
      ),
    predictor: (params) => ({
      apply: (x) => {
        onWindow(++counts.windows);
        return network.apply(params.network, x);
      },
    }),
    async afterEpoch({ step }) {
      counts.epochs.push(step);
    },
  });
  return { method, counts };
}

async function contents(store: CheckpointStore) {
  const [last, best] = [await store.load('last'), await store.load('best')];
  const { elapsedMs: _, ...meta } = last!.meta;
  const plain = (tensors: object) => JSON.stringify(Object.entries(tensors).map(([k, { data }]) => [k, [...data]]));
  return { meta, last: plain(last!.tensors), best: [best!.meta.step, plain(best!.tensors)] };
}

describeBackends('a training that is stopped', () => {
  // 4 windows a case, 8 a validation, at steps 4, 8 and 12.
  it.each([
    ['in its first validation', 3, 4],
    ['in its second validation', 10, 8],
    ['in its last validation', 20, 12],
  ])('%s saves, and goes on to the same bits and the same best', async (_, window, step) => {
    const whole = memoryCheckpointStore();
    disposeState((await fit(counting().method, { ...options, store: whole })).state);

    const before = tf.memory().numTensors;
    const store = memoryCheckpointStore();
    const controller = new AbortController();
    const first = counting((n) => n === window && controller.abort());
    const stopped = await fit(first.method, { ...options, store, signal: controller.signal });
    expect(stopped.stopped).toBe('aborted');
    expect(first.counts.windows).toBe(window);
    disposeState(stopped.state);
    expect((await store.load('last'))!.meta).toMatchObject({ step, validationDue: true });

    const second = counting();
    const resumed = await fit(second.method, { ...options, store, resume: true });
    expect(resumed.stopped).toBe('finished');
    // The stopped validation is done again, whole.
    expect(second.counts.windows).toBe(8 * (1 + (12 - step) / 4));
    expect([...first.counts.epochs, ...second.counts.epochs]).toEqual([2, 4, 6, 8, 10, 12]);
    disposeState(resumed.state);
    expect(tf.memory().numTensors).toBe(before);
    expect(await contents(store)).toEqual(await contents(whole));
  });

  it('lets signals come in between steps', async () => {
    const controller = new AbortController();
    const { method } = counting();
    let done = 0;
    const onProgress = ({ step }: { step: number }) => {
      done = step;
      if (step === 3) setTimeout(() => controller.abort(), 0);
    };
    const { state } = await fit(method, {
      ...options,
      budget: { steps: 500 },
      signal: controller.signal,
      onProgress,
    });
    disposeState(state);
    expect(done).toBeLessThan(20);
  });
});
