import { join } from 'node:path';
import type { DatasetManifest } from '../../dataset/manifest-types.ts';
import { MANIFEST_NAME, parseManifest } from '../../dataset/parse-manifest.ts';
import { writeFileAtomic } from '../files/index.ts';

/**
 * Checks a manifest and writes it to `seg.json` in the data set's folder, replacing an older one at once or not at all.
 *
 * @returns the file's path.
 */
export async function writeManifest(folder: string, manifest: DatasetManifest): Promise<string> {
  const path = join(folder, MANIFEST_NAME);
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  parseManifest(text, { where: 'writeManifest' });
  await writeFileAtomic(path, text);
  return path;
}
