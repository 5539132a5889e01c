import { type Affine, createVolume, type Triple } from '@seg/core';
import { labelColour, pngDataUrl } from '../montage/raster.ts';
import { sliceMontage } from '../montage/slice-montage.ts';
import { latentPlane } from './latent-plane.ts';
import type { MapReport, MapReportCase } from './map-report.ts';

/** What `curateDataset` of @seg/hypernet returns, as far as the page shows it. */
export interface Curation {
  readonly dataset: string;
  /** Most suspect first. */
  readonly ranking: readonly CurationRow[];
  /** The score that the ranking is sorted by. */
  readonly recommendedScore: string;
  readonly cases: readonly {
    readonly working: {
      readonly info: { readonly id: string };
      readonly shape: Triple;
      readonly channels: number;
      readonly image: Float32Array;
      readonly label: Uint8Array;
      readonly spacingMm: Triple;
    };
    /** Segmentation in the dominant style. */
    readonly dominant: Uint8Array;
  }[];
  readonly map: {
    readonly latents: readonly (readonly number[])[];
    readonly history: readonly {
      readonly step: number;
      readonly latents: Readonly<Record<string, readonly number[]>>;
    }[];
    readonly steps: number;
  };
  readonly clusters: { readonly centroids: readonly (readonly number[])[]; readonly silhouette: number };
  readonly plan: { readonly grid: { readonly shape: Triple; readonly spacingMm: Triple }; readonly epochs: number };
  readonly seconds: number;
}

/** One line of the ranking: the numbers that are no scores, and scores under any name. */
export interface CurationRow {
  readonly case: string;
  readonly cluster: number;
  readonly flagged: boolean;
  readonly volume_ml: number;
  readonly norm: number;
  readonly isolation: number;
  readonly distance_to_median: number;
  readonly out_of_fold_dice_error: number;
  readonly volume_only: number;
  readonly quality_sentinel: number;
  readonly dominant_style_dice_error: number;
}

export interface CurationReportOptions {
  readonly title?: string;
  /** Cases that get a picture, most suspect first; default 300 (about 20 kB each). */
  readonly pictures?: number;
}

/** Frames of the history that the page keeps. */
const MOST_FRAMES = 60;

/**
 * Turns the result of a curation into the data of its page. Latents of more than two components are shown on their
 * first two principal axes, earlier ones on those of the last.
 */
export function curationReport(curation: Curation, options: CurationReportOptions = {}): MapReport {
  const { ranking, recommendedScore, cases, map, clusters, plan, dataset } = curation;
  const { pictures = 300, title = `Labels of ${dataset}` } = options;
  const byId = new Map(cases.map((c) => [c.working.info.id, c]));
  const flagged = ranking.filter((row) => row.flagged).length;
  const { place, axes, median } = latentPlane(map.latents);
  const step = Math.max(1, Math.ceil(map.history.length / MOST_FRAMES));
  const kept = map.history.filter((_, i) => (map.history.length - 1 - i) % step === 0);
  const latentOf = new Map(cases.map((c, i) => [c.working.info.id, map.latents[i]]));
  const last = { step: map.steps, points: ranking.map((row) => place(latentOf.get(row.case) ?? [])) };
  const earlier = kept
    .filter((record) => record.step < map.steps)
    .map((record) => ({ step: record.step, points: ranking.map((row) => place(record.latents[row.case] ?? [])) }));
  return {
    title,
    subtitle: `${ranking.length} cases, ${flagged} of them stand out`,
    recommendedScore,
    axes,
    dominant: median,
    columns: Object.keys(ranking[0] ?? {}),
    cases: ranking.map((row, i): MapReportCase => {
      const { case: id, cluster, flagged: isFlagged, volume_ml: volumeMl, ...scores } = row;
      const source = byId.get(id);
      return {
        id,
        cluster,
        flagged: isFlagged,
        volumeMl,
        scores,
        ...(i < pictures && source !== undefined ? { picture: picture(source) } : {}),
      };
    }),
    history: [...earlier, last],
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
      [
        'working grid (z, y, x)',
        `${plan.grid.shape.join(' x ')} voxels of ${plan.grid.spacingMm.map((s) => s.toFixed(2)).join(' x ')} mm`,
      ],
      ['training', `${map.steps} steps, ${Number((map.steps / cases.length).toFixed(1))} of ${plan.epochs} epochs`],
      ['time', `${Math.round(curation.seconds)} s`],
    ],
  };
}

const DOMINANT = 1;

function picture({ working, dominant }: Curation['cases'][number]): string {
  const { shape, spacingMm, image, label, channels } = working;
  // The working grid has no place in space: rows and columns as they lie, drawn as if in standard orientation.
  const [dz, dy, dx] = spacingMm;
  const affine: Affine = [-dx, 0, 0, 0, 0, -dy, 0, 0, 0, 0, dz, 0, 0, 0, 0, 1];
  const volume = createVolume(image, shape, { channels, spacingMm, affine });
  const of = (data: Uint8Array) => createVolume(data, shape, { spacingMm, affine });
  const layers = [
    { labels: of(label) },
    { labels: of(dominant), line: 'dashed' as const, colour: () => labelColour(1 + DOMINANT) },
  ];
  return pngDataUrl(sliceMontage(volume, layers, { count: 4, perLine: 2, tileSize: 110 }));
}
