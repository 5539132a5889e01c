import { type ReportSection, voxelVolumeMl } from '@seg/core';
import type { ReportedRun } from '@seg/train';
import { parseLatentHistory } from '../latent/latent-history.ts';
import { chooseClusters } from '../map/choose-clusters.ts';
import { distanceToMedian, latentIsolation, latentNorm, outlierLimit } from '../map/scores.ts';

/** Name of the record of latents, `latents.jsonl`. */
export const LATENTS = 'latents';

/**
 * The map of a HyperSORT run: its training cases placed by their latents, with the history of the training, ranked by
 * distance to the median. Nothing where the run has recorded no latents.
 */
export async function hypersortReport(run: ReportedRun): Promise<readonly ReportSection[]> {
  const lines = await run.readRecord(LATENTS);
  const history = parseLatentHistory(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const last = history.at(-1);
  const cases = Object.entries(last?.latents ?? {});
  if (last === undefined || cases.length === 0) return [];
  const latents = cases.map(([, latent]) => latent);
  const { clusters, centroids, silhouette } = chooseClusters(latents);
  const norm = latentNorm(latents);
  const isolation = latentIsolation(latents);
  const distance = distanceToMedian(latents);
  const limit = outlierLimit(distance);
  const volumes: number[] = [];
  // One after the other: label maps of a whole data set need not fit into memory.
  for (const [id] of cases) {
    run.checkAborted();
    volumes.push(await labelVolumeMl(run, id));
  }
  const ranking = cases
    .map(([id], i) => ({
      case: id,
      norm: norm[i]!,
      isolation: isolation[i]!,
      distance_to_median: distance[i]!,
      cluster: clusters[i]!,
      volume_ml: volumes[i]!,
      flagged: distance[i]! > limit,
    }))
    .sort((a, b) => b.distance_to_median - a.distance_to_median || (a.case < b.case ? -1 : 1));
  return [
    {
      kind: 'map',
      title: 'Map of the training labels',
      note: 'Cases whose labels are drawn alike lie together; those far from the others are worth a look.',
      file: 'map.html',
      map: {
        ranking,
        recommendedScore: 'distance_to_median',
        history,
        clusters: { centroids, silhouette },
        dominant: 'origin',
        summary: [
          ['training', `${last.step} steps`],
          ['saturation of the heads (3 is too much)', last.saturation?.toFixed(2) ?? 'not recorded'],
        ],
      },
    },
  ];
}

/** Volume of all structures together, voxels that nobody annotated left out; NaN without a label. */
async function labelVolumeMl({ loadLabel, ignoreLabel }: ReportedRun, id: string): Promise<number> {
  const label = await loadLabel(id);
  if (label === undefined) return Number.NaN;
  let voxels = 0;
  for (const value of label.data) if (value !== 0 && value !== ignoreLabel) voxels++;
  return voxels * voxelVolumeMl(label);
}
