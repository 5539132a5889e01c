import type { Triple } from '@seg/core';

/** What one case contributes; sizes in (z, y, x) order of the fingerprint's `axisCodes`, or as stored. */
export interface CaseFingerprint {
  readonly id: string;
  readonly shape: Triple;
  readonly spacingMm: Triple;
  /** Volume of a voxel in ml, also of a sheared grid. */
  readonly voxelVolumeMl: number;
  /** How the voxel axes run in the file, x first. */
  readonly storedAxisCodes: string;
  /** Size of the box of voxels that are not zero in any channel. */
  readonly shapeAfterCrop: Triple;
  /** Foreground voxels by label value. */
  readonly labelVoxels: Readonly<Record<string, number>>;
}

/** Statistics of a channel over foreground voxels, pooled over cases. */
export interface IntensityStatistics {
  readonly mean: number;
  readonly standardDeviation: number;
  readonly median: number;
  readonly percentile00_5: number;
  readonly percentile99_5: number;
  readonly min: number;
  readonly max: number;
  /** Number of voxels they were computed from. */
  readonly samples: number;
}

/** `ct` has calibrated values (Hounsfield units); those of the other kinds mean something only within an image. */
export type ChannelKind = 'ct' | 'other';

export interface ChannelFingerprint {
  readonly name: string;
  readonly kind: ChannelKind;
  /** Absent where no case has any foreground. */
  readonly foreground?: IntensityStatistics;
}

/** What a data set looks like, as plain JSON: the basis of all choices that depend on the data. */
export interface Fingerprint {
  readonly schemaVersion: 1;
  readonly name: string;
  /**
   * The orientation to bring all images to before anything else: the common one of the cases; where they differ, RAS,
   * unless that would lay thick slices along different axes, in which case it is absent: leave the voxels as stored.
   */
  readonly axisCodes?: string;
  readonly cases: readonly CaseFingerprint[];
  readonly medianSpacingMm: Triple;
  readonly medianShape: Triple;
  readonly medianShapeAfterCrop: Triple;
  /** Median over cases of the share of voxels that the crop to non-zero leaves, in (0, 1]. */
  readonly medianRelativeSizeAfterCrop: number;
  readonly channels: readonly ChannelFingerprint[];
  readonly labels: readonly {
    readonly value: number;
    readonly name: string;
    /** Cases that hold the class. */
    readonly cases: number;
    /** Median volume in ml over those cases; 0 where there are none. */
    readonly medianVolumeMl: number;
  }[];
}
