import type { Curation } from '../../src/index.ts';

const clusterOf = (i: number) => (i < 6 ? 0 : 1);

/** Ten cases: six about the origin, four far to the right; the last one first in the ranking. */
export function curation(): Curation {
  const shape = [4, 8, 8] as const;
  const ids = Array.from({ length: 10 }, (_, i) => (i === 9 ? '</script><b>odd</b>' : `case ${i}`));
  const latents = ids.map((_, i) => (i < 6 ? [0.1 * (i % 3), 0.1 * (i % 2)] : [2 + 0.3 * i, 0.2 * i]));
  const row = (i: number) => ({
    case: ids[i]!,
    cluster: clusterOf(i),
    flagged: i > 7,
    volume_ml: i === 4 ? 0 : 1 + i,
    norm: i,
    isolation: i / 2,
    distance_to_median: i,
    out_of_fold_dice_error: i === 2 ? Number.NaN : i / 10,
    volume_only: i === 4 ? Number.POSITIVE_INFINITY : i / 3,
    quality_sentinel: 0.5,
    dominant_style_dice_error: 0.2,
  });
  const label = new Uint8Array(256).fill(1, 90, 160);
  return {
    dataset: 'toy',
    recommendedScore: 'distance_to_median',
    ranking: ids.map((_, i) => row(9 - i)),
    cases: ids.map((id, i) => ({
      working: {
        info: { id },
        shape,
        channels: 1,
        image: Float32Array.from({ length: 256 }, (_, k) => (k * (i + 3)) % 17),
        label,
        spacingMm: [2, 1, 1] as const,
      },
      dominant: label,
    })),
    map: {
      latents,
      history: [1, 2, 3].map((step) => ({
        step,
        latents: Object.fromEntries(ids.map((id, i) => [id, latents[i]!.map((v) => (v * step) / 3)])),
      })),
      steps: 3,
    },
    clusters: {
      centroids: [
        [0.1, 0.05],
        [4.2, 1.5],
      ],
      silhouette: 0.8,
    },
    plan: { grid: { shape, spacingMm: [2, 1, 1] }, epochs: 3 },
    seconds: 12,
  };
}
