import type { ScoreSlab } from './score-slabs.ts';

/** Probabilities of one sample at some planes of the image. */
export interface SampleSlab extends ScoreSlab {
  /** 0 ... samples - 1. */
  readonly sample: number;
  /** How many samples there will be. */
  readonly samples: number;
  /** How the classes relate: exclusive, or overlapping regions. */
  readonly activation: 'softmax' | 'sigmoid';
}

/**
 * Sees every sample of a prediction, one after the other, each slab by slab as soon as no further window can reach it. Every
 * sample brings the same slabs in the same order. What a sink keeps should not grow with the number of samples.
 */
export interface SampleSink {
  add(slab: SampleSlab): void;
}
