import { type Affine, createVolume, SegError, type Triple } from '@seg/core';
import { labelColour } from '../colour/label-colours.ts';
import { pngDataUrl } from '../montage/raster.ts';
import { sliceMontage } from '../montage/slice-montage.ts';
import { latentMapReport, type RankingRow } from './latent-map-report.ts';
import type { MapReport } from './map-report.ts';

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
      /** 1 inside, 255 where nobody annotated. */
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
  /** What makes the result less than it could be; listed at the top. */
  readonly warnings?: readonly string[];
}

/** One line of the ranking. */
export interface CurationRow extends RankingRow {
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
  /**
   * Cases that get a picture (about 50 kB each), most suspect first, beside those in the galleries of the clusters; default
   * 300, 0 for no pictures at all.
   */
  readonly pictures?: number;
}

/**
 * Turns the result of a curation into the data of its page, as `latentMapReport` does.
 *
 * @throws SegError `invalid-argument` for a negative number of pictures, and what `latentMapReport` throws.
 */
export function curationReport(curation: Curation, options: CurationReportOptions = {}): MapReport {
  const { ranking, recommendedScore, cases, map, clusters, plan, dataset } = curation;
  const { pictures = 300, title = `Labels of ${dataset}` } = options;
  if (!(pictures >= 0)) {
    throw new SegError('invalid-argument', {
      where: 'curationReport',
      problem: 'the number of pictures is none',
      got: pictures,
      expected: 'a number from 0 up',
    });
  }
  const byId = new Map(cases.map((c) => [c.working.info.id, c]));
  const last = {
    step: map.steps,
    latents: Object.fromEntries(cases.map((c, i) => [c.working.info.id, map.latents[i]!])),
  };
  return latentMapReport({
    title,
    ranking,
    recommendedScore,
    clusters,
    history: [...map.history.filter(({ step }) => step < map.steps), last],
    picture: (id, rank, inGallery) => {
      const source = byId.get(id);
      const wanted = rank < pictures || (inGallery && pictures > 0);
      return wanted && source !== undefined ? picture(source) : undefined;
    },
    summary: [
      [
        'working grid (z, y, x)',
        `${plan.grid.shape.join(' x ')} voxels of ${plan.grid.spacingMm.map((s) => s.toFixed(2)).join(' x ')} mm`,
      ],
      ['training', `${map.steps} steps, ${Number((map.steps / cases.length).toFixed(1))} of ${plan.epochs} epochs`],
      ['time', `${Math.round(curation.seconds)} s`],
      ...(curation.warnings ?? []).map((warning) => ['warning', warning] as const),
    ],
  });
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
    { labels: of(label.map((value) => (value === 1 ? 1 : 0))) },
    { labels: of(dominant), line: 'dashed' as const, colour: () => labelColour(1 + DOMINANT) },
  ];
  return pngDataUrl(sliceMontage(volume, layers, { count: 4, perLine: 2, tileSize: 160 }));
}
