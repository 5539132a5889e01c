import type { FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { SegError } from '@seg/core';
import type { MedicalImage } from '../../formats/medical-image.ts';
import { metaImageDataFiles, parseMetaImage } from '../../formats/metaimage/parse-metaimage.ts';
import { nrrdDataFiles, parseNrrd } from '../../formats/nrrd/parse-nrrd.ts';
import { defaultMaxBytes } from '../../formats/voxel-bytes.ts';
import { nodeDecompressors } from './decompressors.ts';
import { readBytes, withFile } from './file-bytes.ts';
import type { ReadImageOptions } from './read-image.ts';

/** Reads a NRRD or MetaImage file that is open, with the data files beside it that its header names. */
export async function readRaster(
  path: string,
  file: FileHandle,
  size: number,
  format: 'nrrd' | 'metaimage',
  options: ReadImageOptions,
): Promise<MedicalImage> {
  const { maxBytes = defaultMaxBytes } = options;
  checkSize(path, size, maxBytes);
  const bytes = await readBytes(path, file, 0, size);
  const names = format === 'nrrd' ? nrrdDataFiles(path, bytes) : metaImageDataFiles(path, bytes);
  const dataFiles: Record<string, Uint8Array> = Object.create(null);
  let total = 0;
  for (const name of names) {
    dataFiles[name] = await withFile(besides(path, name), (data, dataSize) => {
      checkSize(path, (total += dataSize), maxBytes);
      return readBytes(path, data, 0, dataSize);
    });
  }
  const parse = format === 'nrrd' ? parseNrrd : parseMetaImage;
  return parse(bytes, { name: path, dataFiles, maxBytes, decompressors: nodeDecompressors });
}

/** A data file's path; headers may name only files in or below their own folder. */
function besides(path: string, name: string): string {
  if (isAbsolute(name) || /^[A-Za-z]:/.test(name) || name.split(/[\\/]/).includes('..') || name.includes('\0')) {
    throw new SegError('unsupported', {
      where: path,
      problem: 'the header names a data file outside its own folder',
      got: name,
      hint: 'Put the data file beside the header and name it alone.',
    });
  }
  if (/^[\s.]*$|[\\/.]$/.test(name)) {
    throw new SegError('corrupt-data', { where: path, problem: 'the header names no file for its data', got: name });
  }
  return join(dirname(path), name);
}

/** Headers and slack that a file may have beside its voxels. */
const slackBytes = 2 ** 24;

function checkSize(path: string, size: number, maxBytes: number): void {
  if (size > maxBytes + slackBytes) {
    throw new SegError('limit-exceeded', {
      where: path,
      problem: 'the file is too large',
      got: size,
      expected: maxBytes,
    });
  }
}
