import type { Triple } from '@seg/core';

/** What is known of a case besides its voxels. */
export interface CaseInfo {
  readonly id: string;
  /** Cases of one patient never fall on both sides of a split. Default: the id. */
  readonly patient?: string;
  /** Name of the data set that it is from. */
  readonly dataset?: string;
  /** Whether it has a label map. */
  readonly labelled: boolean;
  /** Label values that the annotator looked for; default: all of the data set. */
  readonly annotated?: readonly number[];
}

/** A case ready for training: oriented, resampled, normalised. */
export interface TrainingCase {
  readonly info: CaseInfo;
  /** (z, y, x). */
  readonly shape: Triple;
  readonly channels: number;
  /** [channel][z][y][x], as in a `Volume`. */
  readonly image: Float32Array;
  /** Class of each voxel, [z][y][x], 0 is background; absent for an unlabelled case. */
  readonly label?: Uint8Array;
}
