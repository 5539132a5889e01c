/**
 * The program of the threads that `workerLoader` starts: it makes the samples it is asked for. Not to be imported.
 *
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads';
import { SampleMaker } from '../data/sample-loader.ts';
import type { SampleAnswer, SampleJob, SampleWorkerData } from './worker-loader.ts';

const { cases, augmentation } = workerData as SampleWorkerData;
const maker = new SampleMaker(cases, augmentation);

parentPort!.on('message', ({ id, request }: SampleJob) => {
  try {
    const sample = maker.make(request);
    parentPort!.postMessage({ id, sample } satisfies SampleAnswer, [
      sample.image.buffer as ArrayBuffer,
      sample.label.buffer as ArrayBuffer,
    ]);
  } catch (error) {
    parentPort!.postMessage({ id, error: (error as Error).message } satisfies SampleAnswer);
  }
});
