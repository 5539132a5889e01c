import { startBackend } from '@seg/backend';
import {
  type Checkpoint,
  defineMethod,
  disposeState,
  fit,
  isBest,
  type LogRecord,
  lossGradients,
  memoryCheckpointStore,
} from '@seg/train';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { blobCases } from '../support/blob-cases.ts';

beforeAll(() => startBackend({ name: 'cpu' }));

it.each([
  [null, null, true],
  [0.2, null, true],
  [null, { step: 1, score: null }, true],
  [0, { step: 1, score: null }, true],
  [null, { step: 1, score: 0 }, false],
  [0.2, { step: 1, score: 0.2 }, false],
  [0.3, { step: 1, score: 0.2 }, true],
] as const)('score %s after best %j: %s', (score, best, expected) => {
  expect(isBest(score, best)).toBe(expected);
});

/** A method whose n-th validation has the n-th score. */
function methodWith(scores: readonly number[]) {
  return defineMethod({
    name: 'scored',
    groups: {
      w: {
        init: () => ({ x: tf.scalar(1) }),
        optimiser: { kind: 'sgd', learningRate: 0.1, momentum: 0, weightDecay: 0 },
      },
    },
    streams: { train: { batchSize: 1 } },
    step: ({ trainable }) => lossGradients(trainable, () => tf.square(trainable.w.x!) as tf.Scalar),
    predictor: () => ({ apply: (x) => x }),
    validate: async ({ step }) => ({ score: scores[step - 1]!, loss: Number.NaN }),
  });
}

async function bestOf(scores: readonly number[], options: { readonly stopAfter?: number } = {}) {
  const store = memoryCheckpointStore();
  const logs: LogRecord[] = [];
  const common = {
    data: blobCases(2),
    budget: { steps: scores.length },
    patchSize: [4, 4, 4] as const,
    validateEvery: 1,
    store,
    onLog: (record: LogRecord) => logs.push(record),
  };
  if (options.stopAfter !== undefined) {
    const stop = new AbortController();
    const onProgress = ({ step }: { step: number }) => {
      if (step === options.stopAfter) stop.abort();
    };
    disposeState((await fit(methodWith(scores), { ...common, signal: stop.signal, onProgress })).state);
    // What a checkpoint file holds is JSON.
    const last = (await store.load('last'))!;
    await store.save('last', { ...last, meta: JSON.parse(JSON.stringify(last.meta)) } satisfies Checkpoint);
  }
  const { state, validation } = await fit(methodWith(scores), { ...common, resume: true });
  disposeState(state);
  return { best: state.best, validation, stored: (await store.load('best'))!.meta, logs };
}

describe('the best checkpoint', () => {
  const none = Number.NaN;

  it('is the last one where nothing was defined, and its score null', async () => {
    const { best, stored, validation, logs } = await bestOf([none, none, none]);
    expect(best).toEqual({ step: 3, score: null });
    expect(stored.step).toBe(3);
    expect(validation).toEqual({ score: null, loss: null });
    const lines = logs.filter(({ kind }) => kind === 'validation').map((record) => JSON.stringify(record.metrics));
    expect(lines).toEqual(Array(3).fill('{"score":null,"loss":null}'));
  });

  it('is the best defined one where any was', async () => {
    expect((await bestOf([none, 0.1, none, 0.4, 0.2, none])).best).toEqual({ step: 4, score: 0.4 });
    expect((await bestOf([none, Number.NEGATIVE_INFINITY, -3, none])).best).toEqual({ step: 3, score: -3 });
  });

  it('is the same after an interruption', async () => {
    for (const stopAfter of [1, 2, 3]) {
      expect((await bestOf([none, none, none, none], { stopAfter })).best).toEqual({ step: 4, score: null });
      expect((await bestOf([none, 0.3, none, 0.1], { stopAfter })).best).toEqual({ step: 2, score: 0.3 });
    }
  });
});
