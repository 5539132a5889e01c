import { join } from 'node:path';
import type { ReportSection } from '@seg/core';
import type { Dataset } from '@seg/io';
import { writeFileAtomic } from '@seg/io/node';
import { mapPage } from '@seg/report';
import type { ReportedRun } from '@seg/train';
import { type LoadedRun, readRunRecord } from '@seg/train/node';
import { checkAborted } from './check-aborted.ts';

/** What a run's method may read for its sections of the report. */
export function reportedRun(
  run: string,
  { plan, config }: LoadedRun,
  dataset: Dataset,
  signal: AbortSignal | undefined,
): ReportedRun {
  return {
    plan,
    trainingCases: config.data.train,
    ...(dataset.ignoreLabel === undefined ? {} : { ignoreLabel: dataset.ignoreLabel }),
    readRecord: async (name) => readRunRecord(run, name),
    loadLabel: async (id) => {
      const item = dataset.cases.find((c) => c.id === id);
      return item === undefined || item.labelPaths.length === 0 ? undefined : item.loadLabel();
    },
    checkAborted: () => checkAborted('reportRun', signal),
  };
}

/** Writes the pages of a method's maps into the run's folder and returns their paths. */
export async function writeMapPages(
  run: string,
  sections: readonly ReportSection[],
  title: string,
): Promise<readonly string[]> {
  const pages: string[] = [];
  for (const section of sections) {
    if (section.kind !== 'map') continue;
    const page = join(run, section.file);
    await writeFileAtomic(page, mapPage(section, { title }));
    pages.push(page);
  }
  return pages;
}
