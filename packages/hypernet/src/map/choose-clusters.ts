import { SegError } from '@seg/core';
import { silhouetteScore } from '@seg/metrics';
import { type Clustering, checkSeed, kMeansClusters } from './clusters.ts';
import { checkPoints, type Points } from './scores.ts';

/** A clustering with the mean silhouette of its points, in [-1, 1]; NaN for a single cluster. */
export interface ChosenClustering extends Clustering {
  readonly silhouette: number;
}

/** Below this the points are one cloud. */
const LEAST_SILHOUETTE = 0.4;
/** A few cases between two large clouds cost that much silhouette when they get a cluster of their own. */
const TIE = 0.05;

/**
 * k-means with the largest number of clusters from 2 to `most` (default 5) whose silhouette is within 0.05 of the best,
 * or one cluster where none reaches 0.4. Deterministic for a seed.
 *
 * @throws SegError `invalid-argument` for points that are none, a `most` that is no positive integer, or a seed that is no
 * safe integer.
 */
export function chooseClusters(
  points: Points,
  options: { readonly most?: number; readonly seed?: number } = {},
): ChosenClustering {
  const { most = 5, seed = 0 } = options;
  checkPoints('chooseClusters', points);
  checkSeed('chooseClusters', seed);
  if (!Number.isInteger(most) || most < 1) {
    throw new SegError('invalid-argument', {
      where: 'chooseClusters',
      problem: 'most must be a positive integer',
      got: most,
      expected: 'an integer from 1 up',
      hint: 'It is the largest number of clusters that is tried; 1 asks for a single one.',
    });
  }
  const flat = points.flatMap((p) => [...p]);
  const found: ChosenClustering[] = [];
  for (let k = 2; k <= Math.min(most, points.length - 1); k++) {
    const clustering = kMeansClusters(points, k, { seed });
    if (new Set(clustering.clusters).size < 2) continue;
    const silhouette = silhouetteScore(flat, [...clustering.clusters]);
    if (silhouette >= LEAST_SILHOUETTE) found.push({ ...clustering, silhouette });
  }
  const best = Math.max(...found.map(({ silhouette }) => silhouette));
  return (
    found.findLast(({ silhouette }) => silhouette >= best - TIE) ?? {
      ...kMeansClusters(points, 1, { seed }),
      silhouette: Number.NaN,
    }
  );
}
