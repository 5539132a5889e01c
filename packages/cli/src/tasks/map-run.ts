import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { voxelVolumeMl } from '@seg/core';
import type { Dataset } from '@seg/io';
import { writeFileAtomic } from '@seg/io/node';
import { latentMapReport, renderMapReport } from '@seg/report';
import { checkAborted } from './check-aborted.ts';

/**
 * Writes `map.html` into the folder of a HyperSORT run: its cases placed by their latents, with the history of the
 * training, ranked by distance to the median.
 *
 * @returns the page's path; nothing for runs without latents.
 */
export async function mapRun(run: string, dataset: Dataset, signal?: AbortSignal): Promise<string | undefined> {
  const hypernet = await import('@seg/hypernet');
  const text = await readFile(join(run, 'latents.jsonl'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const history = hypernet.parseLatentHistory(text);
  const last = Object.entries(history.at(-1)?.latents ?? {});
  if (last.length === 0) return undefined;
  const latents = last.map(([, latent]) => latent);
  const { clusters, centroids, silhouette } = hypernet.chooseClusters(latents);
  const norm = hypernet.latentNorm(latents);
  const isolation = hypernet.latentIsolation(latents);
  const distance = hypernet.distanceToMedian(latents);
  const limit = hypernet.outlierLimit(distance);
  const volumes: number[] = [];
  // One after the other: label maps of a whole data set need not fit into memory.
  for (const [id] of last) {
    await checkAborted('mapRun', signal);
    volumes.push(await labelVolumeMl(dataset, id));
  }
  const ranking = last
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
  const page = join(run, 'map.html');
  const report = latentMapReport({
    title: `Labels of ${dataset.name}`,
    ranking,
    recommendedScore: 'distance_to_median',
    history,
    clusters: { centroids, silhouette },
    // Runs predict there.
    dominant: 'origin',
    summary: [
      ['training', `${history.at(-1)!.step} steps`],
      ['saturation of the heads (3 is too much)', history.at(-1)!.saturation?.toFixed(2) ?? 'not recorded'],
    ],
  });
  await writeFileAtomic(page, renderMapReport(report));
  return page;
}

/** Volume of all structures together, voxels that nobody annotated left out. */
async function labelVolumeMl(dataset: Dataset, id: string): Promise<number> {
  const item = dataset.cases.find((c) => c.id === id);
  if (item === undefined || item.labelPaths.length === 0) return Number.NaN;
  const label = await item.loadLabel();
  let voxels = 0;
  for (const value of label.data) if (value !== 0 && value !== dataset.ignoreLabel) voxels++;
  return voxels * voxelVolumeMl(label);
}
