import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SegError } from '@seg/core';
import { renderTrainingReport, type TrainingReport } from '../training/training-report.ts';

/** Writes `report.html` into a run's folder and returns its path. */
export async function buildTrainingReport(runFolder: string, report: TrainingReport): Promise<string> {
  const path = join(runFolder, 'report.html');
  await writeFileAtomic(path, await renderTrainingReport(report));
  return path;
}

/**
 * Writes a file so that readers see the old or the new content, never a part: temporary name, fsync, rename.
 *
 * @throws SegError `io-failure` naming the file; the temporary file is removed.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new SegError('io-failure', {
      where: 'writeFileAtomic',
      problem: `${path} could not be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'Check that the folder exists, that it may be written and that the disk has space.',
      cause,
    });
  }
}
