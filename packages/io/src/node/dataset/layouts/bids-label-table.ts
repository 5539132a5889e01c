import { readFile } from 'node:fs/promises';
import { SegError } from '@seg/core';
import { volumeStem } from '../../../dataset/case-names.ts';
import type { LabelDefinition } from '../../../dataset/manifest-types.ts';
import { MAX_LABEL } from '../../../dataset/parse-manifest.ts';
import { type DataPlace, resolveInside } from '../resolve-inside.ts';

/** Values and names of a BIDS look-up table beside the segmentations or above them. */
export async function readLabelTable(
  place: DataPlace,
  labelPaths: readonly string[],
): Promise<readonly LabelDefinition[] | undefined> {
  const [first] = labelPaths;
  if (first === undefined) return undefined;
  const folders = first.split('/').slice(0, -1);
  const names = [`${volumeStem(first)}.tsv`, 'dseg.tsv'];
  for (let depth = folders.length; depth >= 0; depth--) {
    for (const name of names) {
      const path = await resolveInside(place, [...folders.slice(0, depth), name].join('/'));
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text !== undefined) return parseLabelTable(path, text);
    }
  }
  return undefined;
}

function parseLabelTable(path: string, text: string): readonly LabelDefinition[] {
  const [header = '', ...rows] = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const columns = header.split('\t').map((c) => c.trim().toLowerCase());
  const [index, name] = [columns.indexOf('index'), columns.indexOf('name')];
  const labels = rows.map((row) => {
    const cells = row.split('\t');
    return { value: Number(cells[index]), name: cells[name]?.trim() ?? '' };
  });
  const wrong = labels.find(
    ({ value, name: n }) => !Number.isInteger(value) || value < 0 || value > MAX_LABEL || n === '',
  );
  if (index < 0 || name < 0 || wrong !== undefined) {
    throw new SegError('corrupt-data', {
      where: path,
      problem: 'not a table of labels',
      got: wrong ?? header,
      expected: 'tab-separated columns "index" (integer) and "name"',
    });
  }
  return labels.filter(({ value }) => value > 0).sort((a, b) => a.value - b.value);
}
