import { SegError } from '@seg/core';
import type { ParsedNrrdHeader } from './nrrd-header.ts';

/** Most files that a pattern may stand for. */
const maxFiles = 100_000;

/** The names of detached data files: one, a list, or a pattern with first, last and step; undefined for attached data. */
export function dataFileNames(where: string, { fields, list }: ParsedNrrdHeader): readonly string[] | undefined {
  const value = fields.datafile;
  if (value === undefined) return undefined;
  if (/^LIST( \d+)?$/.test(value)) {
    if (list.length === 0) throw corrupt(where, 'the list of data files is empty', value);
    return list;
  }
  const pattern = /^(.*%[0-9]*d\S*) (-?\d+) (-?\d+) (-?\d+)( \d+)?$/.exec(value);
  if (pattern === null) return [value];
  const [first, last, step] = [Number(pattern[2]), Number(pattern[3]), Number(pattern[4])];
  const count = Math.floor((last - first) / step) + 1;
  if (!(count >= 1 && count <= maxFiles)) throw corrupt(where, 'the pattern of data files makes no sense', value);
  return Array.from({ length: count }, (_, i) =>
    pattern[1]!.replace(/%(0?)(\d*)d/, (_match, zero: string, width: string) =>
      String(first + i * step).padStart(Math.min(Number(width), 20), zero === '0' ? '0' : ' '),
    ),
  );
}

function corrupt(where: string, problem: string, got: unknown): SegError {
  return new SegError('corrupt-data', { where, problem, got });
}
