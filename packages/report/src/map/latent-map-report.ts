import { SegError } from '@seg/core';
import { galleryMembers } from './gallery-members.ts';
import { latentPlane } from './latent-plane.ts';
import type { MapReport, MapReportCase } from './map-report.ts';

/** One line of a ranking: what is no score, and scores under any name. */
export interface RankingRow {
  readonly case: string;
  readonly cluster: number;
  readonly flagged: boolean;
  readonly volume_ml: number;
}

/** A row whose other fields are scores. */
export type ScoredRow<Row> = RankingRow & { readonly [Name in Exclude<keyof Row, keyof RankingRow>]: number };

/** A ranking of cases, the latents they had in the course of a training, and their clusters at its end. */
export interface LatentMap<Row extends ScoredRow<Row>> {
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
  /** Where the dominant style is: at the median of the latents (default), or at the latent 0. */
  readonly dominant?: 'median' | 'origin';
  /** Latents of the clusters' centres, by number, and the silhouette; not finite for a single cluster. */
  readonly clusters: { readonly centroids: readonly (readonly number[])[]; readonly silhouette: number };
  /**
   * `data:` URL of a case's slices, or none; default none. `rank` is its place in the ranking from 0, `inGallery` whether
   * it is one of those nearest to its cluster's centre, which the page shows.
   */
  readonly picture?: (id: string, rank: number, inGallery: boolean) => string | undefined;
  /** Facts for the table at the top, after those of the map. */
  readonly summary?: MapReport['summary'];
}

/** Frames of the history that the page keeps. */
const MOST_FRAMES = 60;

/**
 * The data of a map's page, for `renderMapReport`. Latents of more than two components are shown on their first two
 * principal axes, earlier ones on those of the last.
 *
 * @throws SegError `invalid-argument` where a record lacks the latent of a case that is ranked.
 */
export function latentMapReport<Row extends ScoredRow<Row>>(map: LatentMap<Row>): MapReport {
  const { title, ranking, recommendedScore, history, clusters, picture, dominant = 'median', summary = [] } = map;
  const flagged = ranking.filter((row) => row.flagged).length;
  const last = history.at(-1);
  const latents = last === undefined ? [] : ranking.map((row) => latentOf(last, row.case));
  const { place, axes, median } = latentPlane(latents);
  const places = latents.map(place);
  const centres = clusters.centroids.map(place);
  // Without a history there are no places; the page refuses that.
  const placed = last === undefined ? [] : centres;
  const inGallery = new Set(placed.flatMap((centre, cluster) => galleryMembers(ranking, places, { cluster, centre })));
  const step = Math.max(1, Math.ceil(history.length / MOST_FRAMES));
  const kept = history.filter((_, i) => (history.length - 1 - i) % step === 0);
  return {
    title,
    subtitle: `${ranking.length} cases, ${flagged} of them stand out`,
    recommendedScore,
    axes,
    dominant: dominant === 'median' ? median : place((latents[0] ?? []).map(() => 0)),
    dominantName: dominant,
    columns: Object.keys(ranking[0] ?? {}),
    cases: ranking.map((row, i): MapReportCase => {
      const { case: id, cluster, flagged: isFlagged, volume_ml: volumeMl, ...scores } = row;
      const url = picture?.(id, i, inGallery.has(i));
      return {
        id,
        cluster,
        flagged: isFlagged,
        volumeMl,
        // The type says that only numbers are left.
        scores: scores as unknown as MapReportCase['scores'],
        ...(url === undefined ? {} : { picture: url }),
      };
    }),
    history: kept.map((record) => ({
      step: record.step,
      points: ranking.map((row) => place(latentOf(record, row.case))),
    })),
    clusters: centres.map((centre, c) => ({
      centre,
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

function latentOf({ step, latents }: LatentMap<RankingRow>['history'][number], id: string): readonly number[] {
  const latent = latents[id];
  if (latent !== undefined) return latent;
  throw new SegError('invalid-argument', {
    where: 'latentMapReport',
    problem: `the record of step ${step} has no latent of a ranked case`,
    got: id,
    expected: 'a latent for every case of the ranking',
  });
}
