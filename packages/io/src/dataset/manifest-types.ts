/** A class of a data set: its value in label maps and its name. */
export interface LabelDefinition {
  readonly value: number;
  readonly name: string;
}

/** The part of a data set that a case is reserved for. */
export type Split = 'train' | 'validation' | 'test';

/** One case of a manifest; paths are relative to the manifest's folder, with forward slashes. */
export interface ManifestCase {
  /** Unique in the data set. */
  readonly id: string;
  /** Cases of one patient are never divided between training and validation. Default: the case's own id. */
  readonly patient?: string;
  /** One file a channel, or one file that holds all channels. */
  readonly images: readonly string[];
  /** The label map; several where several readers annotated the case. Absent: not annotated. */
  readonly label?: string | readonly string[];
  /** Label values that the annotators looked for in this case; others may be present unmarked. Default: all. */
  readonly annotatedLabels?: readonly number[];
  /** Classes of this case where they differ from the data set's. */
  readonly labels?: readonly LabelDefinition[];
  readonly split?: Split;
  /** mm (z, y, x), in place of what the files say. */
  readonly spacingMm?: readonly [number, number, number];
}

/** The description of a data set, as `seg.json` holds it. */
export interface DatasetManifest {
  readonly schemaVersion: 1;
  readonly name: string;
  readonly description?: string;
  readonly licence?: string;
  readonly reference?: string;
  /** Foreground classes; background is 0 and may be left out. */
  readonly labels: readonly LabelDefinition[];
  /** Channel names in order. */
  readonly channels: readonly string[];
  /** Value of voxels that nobody annotated (scribbles, nnU-Net's ignore label). */
  readonly ignoreLabel?: number;
  readonly cases: readonly ManifestCase[];
}
