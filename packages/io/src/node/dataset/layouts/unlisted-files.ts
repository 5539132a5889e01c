import { isDataFile, sameName, volumeEnding, volumeStem } from '../../../dataset/case-names.ts';
import { looseName } from '../../../dataset/loose-name.ts';
import type { ManifestCase } from '../../../dataset/manifest-types.ts';
import { listNames } from '../../../dataset/name-list.ts';
import { listFiles } from '../list-files.ts';
import type { DataPlace } from '../resolve-inside.ts';
import type { Findings } from './layout-content.ts';

interface UnlistedOptions {
  /** What the list is called. */
  readonly list: string;
  /** Further files that the description names. */
  readonly named?: readonly string[];
  /** Whether the list promises a label map for every case that is not for testing. */
  readonly labelsPromised?: boolean;
  /** Folders to look into besides those of the files that are listed. */
  readonly folders?: readonly string[];
}

/**
 * Reports the files in the folders of listed files that the list does not name, in particular lost label maps.
 *
 * @returns the cases whose label maps were lost.
 */
export async function reportUnlisted(
  place: DataPlace,
  cases: readonly ManifestCase[],
  findings: Findings,
  options: UnlistedOptions,
): Promise<ReadonlySet<string>> {
  const labelsOf = ({ label = [] }: ManifestCase) => (typeof label === 'string' ? [label] : label);
  const labelFolders = new Set([...cases.flatMap(labelsOf).map(folderOf), 'labelsTr', 'labelsTs']);
  const listed = cases.flatMap((entry) => [...entry.images, ...labelsOf(entry)]);
  const named = new Set([...listed, ...(options.named ?? [])].map(sameName));
  const folders = new Set([...listed.map(folderOf), ...(options.folders ?? [])]);
  const isLost = (entry: ManifestCase) => labelsOf(entry).length === 0 && entry.split !== 'test';
  const lost = options.labelsPromised === true ? cases.filter(isLost) : [];
  const unlabelled = new Map(lost.map(({ id }) => [looseName(id), id]));
  const meant = new Set<string>();
  const surplus: string[] = [];
  for (const folder of [...folders].sort()) {
    const paths = await listFiles(place, folder, 0);
    const all = new Set(paths);
    for (const path of paths) {
      // Beside a description there may be anything but volumes.
      if (named.has(sameName(path)) || isDataFile(path, all)) continue;
      if (folder === '' && volumeEnding(path) === undefined) continue;
      const id = labelFolders.has(folder) ? unlabelled.get(looseName(volumeStem(path))) : undefined;
      if (id === undefined || volumeEnding(path) === undefined) surplus.push(path);
      else {
        meant.add(id);
        const message = `this label map is not read: ${options.list} lists the case ${id} without label map`;
        findings.error('stray-file', message, 'Add it to the entry of its image, or move it out of the folder.', {
          case: id,
          file: path,
        });
      }
    }
  }
  if (surplus.length > 0) {
    const message = `${surplus.length} file(s) are named by no case of ${options.list}: ${listNames(surplus)}`;
    findings.warning('stray-file', message, 'They are not read; list them, or move them out of the folder.');
  }
  return meant;
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
