import { SegError } from '@seg/core';

/** The text of a NRRD header: fields under their lower-case names, and the free `key:=value` pairs. */
export interface NrrdHeader {
  readonly fields: Readonly<Record<string, string>>;
  readonly keyValues: Readonly<Record<string, string>>;
}

export interface ParsedNrrdHeader extends NrrdHeader {
  /** Byte after the blank line that ends the header (the file's end where there is none). */
  readonly end: number;
  /** Names that follow a field `data file: LIST`. */
  readonly list: readonly string[];
}

/** Longest header that is searched for its end. */
const maxHeaderBytes = 2 ** 20;

const aliases: Readonly<Record<string, string>> = {
  'line skip': 'lineskip',
  'line skips': 'lineskip',
  'byte skip': 'byteskip',
  'byte skips': 'byteskip',
  'data file': 'datafile',
  'sample units': 'sampleunits',
  'axis mins': 'axismins',
  'axis maxs': 'axismaxs',
  'old min': 'oldmin',
  'old max': 'oldmax',
  'block size': 'blocksize',
  centerings: 'centers',
};

/** Whether the bytes begin like a NRRD file. */
export function isNrrd(bytes: Uint8Array): boolean {
  return [0x4e, 0x52, 0x52, 0x44, 0x30, 0x30, 0x30].every((byte, i) => bytes[i] === byte);
}

/** Splits a NRRD header into its fields. */
export function parseNrrdHeader(where: string, bytes: Uint8Array): ParsedNrrdHeader {
  const fields: Record<string, string> = Object.create(null);
  const keyValues: Record<string, string> = Object.create(null);
  const list: string[] = [];
  const limit = Math.min(bytes.length, maxHeaderBytes);
  let at = 0;
  let first = true;
  while (at < limit) {
    const lineEnd = bytes.indexOf(10, at);
    const stop = lineEnd < 0 ? bytes.length : lineEnd;
    if (stop > limit) break;
    const line = new TextDecoder('latin1').decode(bytes.subarray(at, stop)).replace(/\r$/, '');
    at = stop + 1;
    if (first) {
      if (!/^NRRD000[1-5]$/.test(line)) throw corrupt(where, 'the first line is not NRRD0001 to NRRD0005', line);
      first = false;
    } else if (line === '') {
      return { fields, keyValues, list, end: Math.min(at, bytes.length) };
    } else if (fields.datafile?.startsWith('LIST')) {
      list.push(line);
    } else if (!line.startsWith('#')) {
      addLine(where, line, fields, keyValues);
    }
  }
  if (first || bytes.length > maxHeaderBytes) throw corrupt(where, 'the header has no end', `${bytes.length} bytes`);
  return { fields, keyValues, list, end: bytes.length };
}

function addLine(where: string, line: string, fields: Record<string, string>, keyValues: Record<string, string>): void {
  const pair = /^([^:]*):=(.*)$/s.exec(line);
  if (pair !== null) {
    keyValues[pair[1]!] = pair[2]!;
    return;
  }
  const field = /^([^:]+): ?(.*)$/s.exec(line);
  if (field === null) throw corrupt(where, 'a header line is neither a field nor a key with value', line.slice(0, 80));
  const name = field[1]!.trim().toLowerCase();
  const key = aliases[name] ?? name;
  if (fields[key] !== undefined) throw corrupt(where, 'the header gives a field twice', name);
  fields[key] = field[2]!.trim();
}

function corrupt(where: string, problem: string, got: unknown): SegError {
  return new SegError('corrupt-data', { where, problem, got });
}
