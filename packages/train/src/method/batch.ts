import type * as tf from '@tensorflow/tfjs-core';
import type { CaseInfo } from '../data/training-case.ts';

/** The samples of one stream in one step. */
export interface Batch {
  /** Normalised and augmented, [N, D, H, W, C], float32. */
  readonly image: tf.Tensor5D;
  /**
   * Label map [N, D, H, W], int32; all 0 where a case has no label, 255 where nobody annotated. Where a case names the
   * classes that were annotated, 0 means "none of those": see `mergeUnannotated`.
   */
  readonly label: tf.Tensor4D;
  /** Which case each of the N samples is from. */
  readonly cases: readonly CaseInfo[];
  /** Further tensors [N, ...] that the stream's `prepare` made. */
  readonly extras: Readonly<Record<string, tf.Tensor>>;
}
