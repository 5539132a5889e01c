import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { AugmentationConfig } from '@seg/augment';
import { SegError } from '@seg/core';
import { inlineLoader, type LoadedSample, type SampleLoader } from '../data/sample-loader.ts';
import type { SampleRequest } from '../data/sampler.ts';
import type { TrainingCase } from '../data/training-case.ts';

/** What a worker is started with. */
export interface SampleWorkerData {
  readonly cases: readonly TrainingCase[];
  readonly augmentation: AugmentationConfig | undefined;
}

export interface SampleJob {
  readonly id: number;
  readonly request: SampleRequest;
}

export type SampleAnswer =
  | { readonly id: number; readonly sample: LoadedSample }
  | { readonly id: number; readonly error: string };

export interface WorkerLoaderOptions {
  readonly augmentation?: AugmentationConfig;
  /** Threads that make samples; 0 works on the calling thread. Default 1. */
  readonly workers?: number;
}

interface Waiting {
  readonly resolve: (sample: LoadedSample) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Makes samples in worker threads. A sample is a function of its request alone, so the number of workers changes
 * nothing but the speed.
 *
 * The cases' voxels are copied once into memory that all threads share (see `shareCases` to avoid the copy).
 */
export function workerLoader(cases: readonly TrainingCase[], options: WorkerLoaderOptions = {}): SampleLoader {
  const { augmentation, workers: count = 1 } = options;
  if (!Number.isInteger(count) || count < 0 || count > 64) {
    throw new SegError('invalid-argument', {
      where: 'workerLoader',
      problem: 'workers must be a whole number from 0 to 64',
      got: count,
    });
  }
  if (count === 0) return inlineLoader(cases, augmentation);
  const workerData: SampleWorkerData = { cases: shareCases(cases), augmentation };
  const waiting = new Map<number, Waiting>();
  let closed = false;
  const failAll = (cause: unknown) => {
    for (const { reject } of waiting.values()) {
      reject(
        new SegError('internal', { where: 'workerLoader', problem: 'a thread that makes samples stopped', cause }),
      );
    }
    waiting.clear();
  };
  const file = createRequire(import.meta.url).resolve('@seg/train/sample-worker');
  const workers = Array.from({ length: count }, () => {
    const worker = new Worker(file, { workerData });
    worker.on('message', (answer: SampleAnswer) => {
      const { resolve, reject } = waiting.get(answer.id)!;
      waiting.delete(answer.id);
      // Threads that wait for work do not keep the process alive.
      if (waiting.size === 0) for (const idle of workers) idle.unref();
      if ('sample' in answer) resolve(answer.sample);
      else reject(new SegError('internal', { where: 'workerLoader', problem: answer.error }));
    });
    worker.on('error', failAll);
    worker.on('exit', (code) => {
      if (!closed) failAll(new Error(`exit code ${code}`));
    });
    worker.unref();
    return worker;
  });
  let next = 0;
  return {
    load: (request) =>
      new Promise((resolve, reject) => {
        const id = next++;
        const worker = workers[id % count]!;
        waiting.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ id, request } satisfies SampleJob);
      }),
    close: async () => {
      closed = true;
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** The same cases with voxels in memory that threads share; arrays that already are there are not copied. */
export function shareCases(cases: readonly TrainingCase[]): readonly TrainingCase[] {
  return cases.map((item) => {
    const image = share(item.image);
    return item.label === undefined ? { ...item, image } : { ...item, image, label: share(item.label) };
  });
}

function share<T extends Float32Array | Uint8Array>(data: T): T {
  if (data.buffer instanceof SharedArrayBuffer) return data;
  const type = data.constructor as new (buffer: SharedArrayBuffer) => T;
  const shared = new type(new SharedArrayBuffer(data.byteLength));
  shared.set(data as never);
  return shared;
}
