import { Rng } from '@seg/core';
import { assembleBatch } from '../data/assemble-batch.ts';
import type { LoadedSample, SampleLoader } from '../data/sample-loader.ts';
import type { SampleRequest, StreamSampler } from '../data/sampler.ts';
import type { CaseInfo } from '../data/training-case.ts';
import type { Batch } from '../method/batch.ts';
import type { Sample } from '../method/stream.ts';

interface PendingStream {
  readonly requests: readonly SampleRequest[];
  readonly samples: Promise<readonly LoadedSample[]>;
}

/** Asks the loader for the samples of coming steps ahead of time and puts those of the present step together. */
export class BatchFeed {
  readonly #samplers: readonly StreamSampler[];
  readonly #loader: SampleLoader;
  readonly #infos: readonly CaseInfo[];
  readonly #channels: readonly number[];
  readonly #ahead: number;
  readonly #pending = new Map<number, Readonly<Record<string, PendingStream>>>();

  constructor(
    samplers: readonly StreamSampler[],
    loader: SampleLoader,
    cases: readonly { readonly info: CaseInfo; readonly channels: number }[],
    ahead: number,
  ) {
    this.#samplers = samplers;
    this.#loader = loader;
    this.#infos = cases.map(({ info }) => info);
    this.#channels = cases.map(({ channels }) => channels);
    this.#ahead = ahead;
  }

  /** The batches of a step, by stream. Steps must be asked for in order. */
  async take(step: number): Promise<Record<string, Batch>> {
    for (let s = step; s <= step + this.#ahead; s++) if (!this.#pending.has(s)) this.#pending.set(s, this.#request(s));
    const streams = this.#pending.get(step)!;
    this.#pending.delete(step);
    const batches: Record<string, Batch> = {};
    for (const { name, spec } of this.#samplers) {
      const { requests, samples } = streams[name]!;
      const infos = requests.map(({ caseIndex }) => this.#infos[caseIndex]!);
      const loaded = (await samples).map(({ image, label }, n): Sample => {
        const { patchSize, caseIndex, rng } = requests[n]!;
        const sample = { image, label, shape: patchSize, channels: this.#channels[caseIndex]! };
        if (spec.prepare === undefined) return sample;
        return spec.prepare(sample, Rng.fromState(rng).fork('prepare'), infos[n]!);
      });
      batches[name] = assembleBatch(loaded, infos);
    }
    return batches;
  }

  #request(step: number): Readonly<Record<string, PendingStream>> {
    return Object.fromEntries(
      this.#samplers.map((sampler) => {
        const requests = sampler.requests(step);
        const samples = Promise.all(requests.map((request) => this.#loader.load(request)));
        // A failure is reported by the step that needs the samples, not as an unhandled rejection before.
        samples.catch(() => {});
        return [sampler.name, { requests, samples }] as const;
      }),
    );
  }
}
