import { silhouetteScore } from '@seg/metrics';
import { type Clustering, kMeansClusters } from './clusters.ts';
import type { Points } from './scores.ts';

/** A clustering with the mean silhouette of its points, in [-1, 1]; NaN for a single cluster. */
export interface ChosenClustering extends Clustering {
  readonly silhouette: number;
}

/** Below this the points are one cloud. */
const LEAST_SILHOUETTE = 0.4;

/**
 * k-means with the number of clusters from 2 to `most` (default 5) that has the best silhouette, or one cluster where
 * none reaches 0.4. Deterministic for a seed.
 */
export function chooseClusters(
  points: Points,
  options: { readonly most?: number; readonly seed?: number } = {},
): ChosenClustering {
  const { most = 5, seed = 0 } = options;
  const flat = points.flatMap((p) => [...p]);
  let best: ChosenClustering | undefined;
  for (let k = 2; k <= Math.min(most, points.length - 1); k++) {
    const clustering = kMeansClusters(points, k, { seed });
    if (new Set(clustering.clusters).size < 2) continue;
    const silhouette = silhouetteScore(flat, [...clustering.clusters]);
    if (silhouette >= (best?.silhouette ?? LEAST_SILHOUETTE)) best = { ...clustering, silhouette };
  }
  return best ?? { ...kMeansClusters(points, 1, { seed }), silhouette: Number.NaN };
}
