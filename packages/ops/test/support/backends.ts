import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers'; // registers tfjs's gradients, which the Node build of tfjs-core lacks
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe } from 'vitest';

/** Runs the tests once for every backend that is at hand. */
export function describeBackends(title: string, body: () => void): void {
  for (const backend of ['cpu']) {
    describe(`${title} (${backend})`, () => {
      beforeAll(async () => {
        await tf.setBackend(backend);
        await tf.ready();
      });
      body();
    });
  }
}
