import type { DatasetLayout } from '@seg/io';
import { type Command, Option } from 'commander';

const LAYOUTS = ['manifest', 'msd', 'nnunet', 'bids', 'folders'] as const satisfies readonly DatasetLayout[];

/** How the folder of a data set is to be read. */
export interface DatasetOptions {
  readonly layout?: DatasetLayout;
  readonly allowLinksOutside?: boolean;
}

/** Adds `--layout` and `--allow-links-outside`. */
export function addDatasetOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--layout <name>', 'layout of the data set (default: told from what the folder holds)').choices(
        LAYOUTS,
      ),
    )
    .option('--allow-links-outside', "follow links that lead out of the data set's folder (default: refused)");
}

/** The options alone, for those who open the data set. */
export function datasetOptions({ layout, allowLinksOutside }: DatasetOptions): DatasetOptions {
  return {
    ...(layout === undefined ? {} : { layout }),
    ...(allowLinksOutside === undefined ? {} : { allowLinksOutside }),
  };
}
