import { latentPlane } from './latent-plane.ts';
import type { MapReport, MapReportCase } from './map-report.ts';

/** One line of a ranking: what is no score, and scores under any name. */
export interface RankingRow {
  readonly case: string;
  readonly cluster: number;
  readonly flagged: boolean;
  readonly volume_ml: number;
}

/** A ranking of cases, the latents they had in the course of a training, and their clusters at its end. */
export interface LatentMap<Row extends RankingRow = RankingRow> {
  readonly title: string;
  /** Most suspect first; every field but `case`, `cluster`, `flagged` and `volume_ml` is a score. */
  readonly ranking: readonly Row[];
  /** The score that the ranking is sorted by. */
  readonly recommendedScore: string;
  /** Records in order, of the latents by case; the last is the map. */
  readonly history: readonly {
    readonly step: number;
    readonly latents: Readonly<Record<string, readonly number[]>>;
  }[];
  /** Latents of the clusters' centres, by number, and the silhouette; not finite for a single cluster. */
  readonly clusters: { readonly centroids: readonly (readonly number[])[]; readonly silhouette: number };
  /** `data:` URL of a case's slices, or none; default none. */
  readonly picture?: (id: string, rank: number) => string | undefined;
  /** Facts for the table at the top, after those of the map. */
  readonly summary?: MapReport['summary'];
}

/** Frames of the history that the page keeps. */
const MOST_FRAMES = 60;

/**
 * The data of a map's page, for `renderMapReport`. Latents of more than two components are shown on their first two
 * principal axes, earlier ones on those of the last.
 */
export function latentMapReport<Row extends RankingRow>(map: LatentMap<Row>): MapReport {
  const { title, ranking, recommendedScore, history, clusters, picture, summary = [] } = map;
  const flagged = ranking.filter((row) => row.flagged).length;
  const latents = history.at(-1)?.latents ?? {};
  const { place, axes, median } = latentPlane(ranking.map((row) => latents[row.case] ?? []));
  const step = Math.max(1, Math.ceil(history.length / MOST_FRAMES));
  const kept = history.filter((_, i) => (history.length - 1 - i) % step === 0);
  return {
    title,
    subtitle: `${ranking.length} cases, ${flagged} of them stand out`,
    recommendedScore,
    axes,
    dominant: median,
    columns: Object.keys(ranking[0] ?? {}),
    cases: ranking.map((row, i): MapReportCase => {
      const { case: id, cluster, flagged: isFlagged, volume_ml: volumeMl, ...scores } = row;
      const url = picture?.(id, i);
      return {
        id,
        cluster,
        flagged: isFlagged,
        volumeMl,
        scores: scores as unknown as MapReportCase['scores'],
        ...(url === undefined ? {} : { picture: url }),
      };
    }),
    history: kept.map((record) => ({
      step: record.step,
      points: ranking.map((row) => place(record.latents[row.case] ?? [])),
    })),
    clusters: clusters.centroids.map((centre, c) => ({
      centre: place(centre),
      size: ranking.filter((row) => row.cluster === c).length,
    })),
    summary: [
      ['cases', String(ranking.length)],
      ['cases that stand out', String(flagged)],
      ['clusters', String(clusters.centroids.length)],
      [
        'silhouette of the clusters',
        Number.isFinite(clusters.silhouette) ? clusters.silhouette.toFixed(2) : 'one cluster',
      ],
      ...summary,
    ],
  };
}
