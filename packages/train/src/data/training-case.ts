import type { Triple } from '@seg/core';

/** What is known of a case besides its voxels. */
export interface CaseInfo {
  readonly id: string;
  /** Cases of one patient never fall on both sides of a split. Default: the id. */
  readonly patient?: string;
  /** Name of the data set that it is from. */
  readonly dataset?: string;
  /** Whether it has a label map in which something was annotated. */
  readonly labelled: boolean;
  /** Foreground classes (from 1) that the annotator looked for; default: all. Background may hold the others. */
  readonly annotated?: readonly number[];
}

/** Whether a class was looked for in a case; background always counts as such. */
export function isAnnotated({ annotated }: Pick<CaseInfo, 'annotated'>, classIndex: number): boolean {
  return classIndex === 0 || annotated === undefined || annotated.includes(classIndex);
}

/** A case ready for training: oriented, resampled, normalised. */
export interface TrainingCase {
  readonly info: CaseInfo;
  /** (z, y, x). */
  readonly shape: Triple;
  readonly channels: number;
  /** [channel][z][y][x], as in a `Volume`. */
  readonly image: Float32Array;
  /** Class of each voxel, [z][y][x]: 0 is background, 255 a voxel that nobody annotated; absent for an unlabelled case. */
  readonly label?: Uint8Array;
}
