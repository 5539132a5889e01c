import { Rng, type RngState, SegError, type Triple } from '@seg/core';
import type { StreamSpec } from '../method/stream.ts';
import type { CaseInfo } from './training-case.ts';

/** What a loader needs to make one sample, as plain JSON; equal requests give equal samples everywhere. */
export interface SampleRequest {
  /** Index into the training cases. */
  readonly caseIndex: number;
  readonly patchSize: Triple;
  /** Centre the sample on a foreground voxel, where there is one. */
  readonly foreground: boolean;
  readonly augment: boolean;
  readonly rng: RngState;
}

export interface SamplerDefaults {
  readonly patchSize: Triple;
  readonly foregroundFraction: number;
}

/**
 * Draws the samples of one stream. It has no state: the requests of a step are a function of (seed, stream name, step),
 * so a resumed training continues with the samples that the interrupted one would have had.
 */
export class StreamSampler {
  readonly name: string;
  readonly spec: StreamSpec;
  readonly #seed: Rng;
  readonly #defaults: SamplerDefaults;
  readonly #members: readonly number[];
  /** Cumulative weights of the members, where the stream has weights. */
  readonly #cumulative: readonly number[] | undefined;
  #pass: { readonly index: number; readonly order: readonly number[] } | undefined;

  constructor(name: string, spec: StreamSpec, infos: readonly CaseInfo[], seed: number, defaults: SamplerDefaults) {
    if (!Number.isInteger(spec.batchSize) || spec.batchSize < 1) {
      throw new SegError('invalid-argument', {
        where: `stream ${name}`,
        problem: 'batchSize must be a positive integer',
        got: spec.batchSize,
      });
    }
    this.name = name;
    this.spec = spec;
    this.#seed = Rng.fromSeed(seed).fork(`stream ${name}`);
    this.#defaults = defaults;
    const takesPart = (info: CaseInfo) => (spec.cases === undefined ? info.labelled : spec.cases(info));
    this.#members = infos.flatMap((info, i) => (takesPart(info) ? [i] : []));
    if (this.#members.length === 0) {
      throw new SegError('invalid-argument', {
        where: `stream ${name}`,
        problem: 'no training case takes part in it',
        got: `${infos.length} case(s), ${infos.filter((info) => info.labelled).length} with labels`,
        hint: 'Add cases of that kind or choose another method.',
      });
    }
    this.#cumulative = cumulativeWeights(name, spec, this.#members, infos);
  }

  /** The requests of a step, in the order of the batch. */
  requests(step: number): readonly SampleRequest[] {
    const { batchSize, patchSize = this.#defaults.patchSize, augment = true } = this.spec;
    const fraction = this.spec.foregroundFraction ?? this.#defaults.foregroundFraction;
    const firstForced = roundHalfEven(batchSize * (1 - fraction));
    const rng = this.#seed.fork(step);
    return Array.from({ length: batchSize }, (_, index) => {
      const own = rng.fork(index);
      const caseIndex =
        this.#cumulative === undefined ? this.#inPasses(step * batchSize + index) : this.#weighted(own.fork('case'));
      return { caseIndex, patchSize, foreground: index >= firstForced, augment, rng: own.state };
    });
  }

  /** Epochs, of as many samples as cases take part, that are complete after so many steps. */
  epochs(steps: number): number {
    return Math.floor((steps * this.spec.batchSize) / this.#members.length);
  }

  #weighted(rng: Rng): number {
    const cumulative = this.#cumulative!;
    const at = rng.uniform(0, cumulative[cumulative.length - 1]!);
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! > at) high = middle;
      else low = middle + 1;
    }
    return this.#members[low]!;
  }

  #inPasses(draw: number): number {
    const count = this.#members.length;
    const index = Math.floor(draw / count);
    if (this.#pass?.index !== index)
      this.#pass = { index, order: this.#seed.fork(`pass ${index}`).shuffle(this.#members) };
    return this.#pass.order[draw % count]!;
  }
}

function cumulativeWeights(
  name: string,
  { weight }: StreamSpec,
  members: readonly number[],
  infos: readonly CaseInfo[],
): readonly number[] | undefined {
  if (weight === undefined) return undefined;
  const all = members.map((i) => infos[i]!);
  let sum = 0;
  return all.map((info) => {
    const value = weight(info, all);
    if (!(value >= 0 && Number.isFinite(value))) {
      throw new SegError('invalid-argument', {
        where: `stream ${name}`,
        problem: `the weight of case ${info.id} must be a finite number that is not negative`,
        got: value,
      });
    }
    sum += value;
    return sum;
  });
}

/** Rounds half to even, as NumPy does: nnU-Net's oversampling counts depend on it. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const fraction = x - floor;
  if (fraction !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
