import { join } from 'node:path';
import { writeFileAtomic } from '@seg/io/node';
import { renderTrainingReport, type TrainingReport } from '../training/training-report.ts';

/**
 * Writes `report.html` into a run's folder and returns its path.
 *
 * @throws SegError `io-failure` naming the file; an older report stays as it was.
 */
export async function buildTrainingReport(runFolder: string, report: TrainingReport): Promise<string> {
  const path = join(runFolder, 'report.html');
  await writeFileAtomic(path, await renderTrainingReport(report));
  return path;
}
