import { readFile } from 'node:fs/promises';
import type { BidsName } from '../../../dataset/bids-name.ts';
import { sameName } from '../../../dataset/case-names.ts';
import { listNames } from '../../../dataset/name-list.ts';
import { type DataPlace, resolveInside } from '../resolve-inside.ts';
import type { Findings } from './layout-content.ts';

/** Names subjects that have a folder or a line in `participants.tsv`, but no image. */
export async function reportSubjects(
  place: DataPlace,
  paths: readonly string[],
  files: readonly BidsName[],
  findings: Findings,
): Promise<void> {
  const withImage = new Set(
    files.flatMap(({ role, entities }) => (role === 'image' ? [`sub-${entities.get('sub')}`] : [])),
  );
  const folders = paths.flatMap((path) => /^(sub-[^/]+)\//.exec(sameName(path))?.[1] ?? []);
  const table = await readFile(await resolveInside(place, 'participants.tsv'), 'utf8').catch(() => '');
  const [header = '', ...rows] = table.split(/\r?\n/);
  const column = header
    .replace(/^\ufeff/, '')
    .split('\t')
    .indexOf('participant_id');
  const listed = column < 0 ? [] : rows.flatMap((row) => sameName(row.split('\t')[column]?.trim() ?? '') || []);
  const without = [...new Set([...folders, ...listed])].filter((subject) => !withImage.has(subject)).sort();
  if (withImage.size === 0 || without.length === 0) return;
  const message = `${without.length} subject(s) have no image: ${listNames(without)}`;
  findings.warning('missing-image', message, 'Add the images, or take the subjects out of the set.');
}
