import type { Volume } from '@seg/core';
import type { DatasetManifest, LabelDefinition, Split } from './manifest-types.ts';
import type { Finding } from './verification-report.ts';

/** Label maps hold whole numbers, 0 for background, in the smallest type that fits. */
export type LabelMap = Volume<Uint8Array | Int16Array | Int32Array>;

/** How a data set is laid out on disk. */
export type DatasetLayout = 'manifest' | 'msd' | 'nnunet' | 'bids' | 'folders';

/** One case of an opened data set; voxels are read when asked for and not kept. */
export interface DatasetCase {
  /** Unique in the data set. */
  readonly id: string;
  /** The patient's id, or the case's own where none is known. */
  readonly patient: string;
  /** Absolute paths: one file a channel, or one file that holds all channels. */
  readonly imagePaths: readonly string[];
  /** Absolute paths, one a reader; empty where the case is not annotated. */
  readonly labelPaths: readonly string[];
  /** Label values that were looked for in this case; absent: all. */
  readonly annotatedLabels?: readonly number[];
  /** Classes of this case where they differ from the data set's. */
  readonly labels?: readonly LabelDefinition[];
  readonly split?: Split;
  /** mm (z, y, x), in place of what the files say. */
  readonly spacingMm?: readonly [number, number, number];
  /** All channels on one grid, in the order of the data set's `channels`. */
  loadImage(): Promise<Volume<Float32Array>>;
  /** The label map of a reader (default: the first); throws `not-found` where there is none. */
  loadLabel(reader?: number): Promise<LabelMap>;
}

/** An opened data set. */
export interface Dataset {
  readonly name: string;
  /** Absolute path of its folder. */
  readonly root: string;
  readonly layout: DatasetLayout;
  /** Foreground classes in ascending order of value. */
  readonly labels: readonly LabelDefinition[];
  readonly channels: readonly string[];
  /** Value of voxels that nobody annotated. */
  readonly ignoreLabel?: number;
  /** In the order of the description, or by name. */
  readonly cases: readonly DatasetCase[];
  /** What the data set is, in the form of our manifest; paths are relative to `root`. */
  readonly manifest: DatasetManifest;
  /** Warnings about what the layout promises: files that belong to no case, cases without label map. */
  readonly findings: readonly Finding[];
}
