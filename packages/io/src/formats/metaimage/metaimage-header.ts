import { SegError } from '@seg/core';

/** The fields of a MetaImage header under the names of the file. */
export type MetaImageHeader = Readonly<Record<string, string>>;

export interface ParsedMetaImageHeader {
  readonly header: MetaImageHeader;
  /** Byte after the line ElementDataFile, the last of the header. */
  readonly end: number;
  /** Names that follow `ElementDataFile = LIST`. */
  readonly list: readonly string[];
}

const maxHeaderBytes = 2 ** 20;

/** Whether the bytes begin like a MetaImage header: a field name and an equals sign, one of the known first fields. */
export function isMetaImage(bytes: Uint8Array): boolean {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 64));
  return /^\s*(ObjectType|NDims|Comment|ObjectSubType)\s*[=:]/.test(start);
}

/** Splits a MetaImage header into its fields. */
export function parseMetaImageHeader(where: string, bytes: Uint8Array): ParsedMetaImageHeader {
  const header: Record<string, string> = Object.create(null);
  const limit = Math.min(bytes.length, maxHeaderBytes);
  let at = 0;
  while (at < limit) {
    const lineEnd = bytes.indexOf(10, at);
    const stop = Math.min(lineEnd < 0 ? bytes.length : lineEnd, limit);
    const line = new TextDecoder('latin1').decode(bytes.subarray(at, stop)).trim();
    at = Math.min(stop + 1, bytes.length);
    if (line === '') continue;
    const match = /^([A-Za-z0-9_ -]+?)\s*[=:]\s*(.*)$/.exec(line);
    if (match === null) {
      throw new SegError('corrupt-data', {
        where,
        problem: 'a header line is no "name = value"',
        got: line.slice(0, 80),
      });
    }
    header[match[1]!] = match[2]!;
    if (match[1] !== 'ElementDataFile') continue;
    const list = /^LIST/i.test(match[2]!) ? textLines(bytes.subarray(at)) : [];
    return { header, end: at, list };
  }
  throw new SegError('corrupt-data', { where, problem: 'the header has no ElementDataFile, which ends it' });
}

function textLines(bytes: Uint8Array): string[] {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, maxHeaderBytes));
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
