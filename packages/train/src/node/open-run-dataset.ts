import type { Dataset } from '@seg/io';
import { openDataset } from '@seg/io/node';
import type { RunConfig } from './run-config.ts';

/**
 * Opens the data set of a run, read as it was when the run began.
 *
 * @throws SegError as `openDataset`.
 */
export function openRunDataset({ data }: Pick<RunConfig, 'data'>): Promise<Dataset> {
  const { root, layout, allowLinksOutside = false } = data;
  return openDataset(root, { allowLinksOutside, ...(layout === undefined ? {} : { layout }) });
}
