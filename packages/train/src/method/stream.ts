import type { Rng, Triple } from '@seg/core';
import type { CaseInfo } from '../data/training-case.ts';

/** One sample before it becomes part of a tensor. */
export interface Sample {
  /** [channel][z][y][x]. */
  readonly image: Float32Array;
  /** [z][y][x]; all 0 where the case has no label. */
  readonly label: Uint8Array;
  readonly shape: Triple;
  readonly channels: number;
  /** Further arrays for the batch, each with the shape of its tensor without the batch axis. */
  readonly extras?: Readonly<Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>>;
}

/** Where the samples of a batch come from. Everything about a sample is a function of (seed, stream, step, index). */
export interface StreamSpec {
  /** Samples in a batch, from 1. */
  readonly batchSize: number;
  /** Which training cases take part; default: all labelled ones. */
  cases?(info: CaseInfo): boolean;
  /** Relative probability of a case, drawn with replacement; default: shuffled passes in which each case comes once. */
  weight?(info: CaseInfo, all: readonly CaseInfo[]): number;
  /** Size of the samples, (z, y, x); default: the plan's. */
  readonly patchSize?: Triple;
  /** Part of the batch (its last samples) centred on a foreground voxel; default: the plan's. */
  readonly foregroundFraction?: number;
  /** Whether the plan's augmentation is applied; default true. */
  readonly augment?: boolean;
  /** Changes a sample after augmentation, on the calling thread: targets made from the image. */
  prepare?(sample: Sample, rng: Rng, info: CaseInfo): Sample;
}
