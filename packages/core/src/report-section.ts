/** Part of a run's report that a method adds, as plain data: pages render it, so that methods need not know how. */
export type ReportSection = TextSection | TableSection | LinesSection | ScatterSection | MapSection;

interface Titled {
  readonly title: string;
  /** A sentence below the title. */
  readonly note?: string;
}

export interface TextSection extends Titled {
  readonly kind: 'text';
  readonly paragraphs: readonly string[];
}

/** Cells that are no finite number are shown as "-". */
export interface TableSection extends Titled {
  readonly kind: 'table';
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Lines over a common x axis; points whose y is not finite are left out. */
export interface LinesSection extends Titled {
  readonly kind: 'lines';
  readonly xTitle: string;
  readonly yTitle: string;
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[];
}

/** Points in a plane, coloured by group. */
export interface ScatterSection extends Titled {
  readonly kind: 'scatter';
  readonly xTitle: string;
  readonly yTitle: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly group: string }[];
}

/** A page of its own that places the training cases in a plane and plays the training. */
export interface MapSection extends Titled {
  readonly kind: 'map';
  /** Name of the page beside the report, such as "map.html". */
  readonly file: string;
  readonly map: RunMap;
}

/** Cases placed by latent vectors. */
export interface RunMap {
  /** First what looks most doubtful. */
  readonly ranking: readonly RankedCase[];
  /** Name of the score that the ranking is by. */
  readonly recommendedScore: string;
  /** Vectors by case at steps of the training, the last as ranked. */
  readonly history: readonly { readonly step: number; readonly latents: Readonly<Record<string, readonly number[]>> }[];
  readonly clusters: { readonly centroids: readonly (readonly number[])[]; readonly silhouette: number };
  /** Where the dominant style is: at the median of the vectors, or at the vector 0. */
  readonly dominant: 'median' | 'origin';
  /** Facts beside the map. */
  readonly summary: readonly (readonly [string, string])[];
}

export interface RankedCase {
  readonly case: string;
  readonly cluster: number;
  /** In ml; NaN without a label. */
  readonly volume_ml: number;
  readonly flagged: boolean;
  /** Scores by name. */
  readonly [score: string]: string | number | boolean;
}
