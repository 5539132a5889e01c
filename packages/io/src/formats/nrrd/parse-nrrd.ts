import { SegError } from '@seg/core';
import { type Decompressors, portableDecompressors } from '../decompress.ts';
import { type ImageArray, imageDtypes, type MedicalImage } from '../medical-image.ts';
import { moveFirstAxisLast } from '../raster.ts';
import { shearWarnings } from '../shear-warnings.ts';
import { textNumbers } from '../text-numbers.ts';
import { checkedVoxelBytes, voxelArray } from '../voxel-bytes.ts';
import { dataFileNames } from './nrrd-data-files.ts';
import { type NrrdHeader, type ParsedNrrdHeader, parseNrrdHeader } from './nrrd-header.ts';
import { type NrrdLayout, nrrdLayout } from './nrrd-layout.ts';

/** An image from a NRRD file. */
export interface NrrdImage extends MedicalImage {
  readonly format: 'nrrd';
  readonly header: NrrdHeader;
}

export interface ParseNrrdOptions {
  /** Contents of the detached data files by the names that the header gives. */
  readonly dataFiles?: Readonly<Record<string, Uint8Array>>;
  /** Most bytes of voxels that are accepted. Default 8 GiB. */
  readonly maxBytes?: number;
  /** Default: decompressors that run anywhere. */
  readonly decompressors?: Decompressors;
  /** What errors call the data. Default `parseNrrd`. */
  readonly name?: string;
}

/**
 * The image in a NRRD file: raw, gzip, ascii or hex encoding, attached or detached data, spatial axes moved to the front,
 * world coordinates turned to RAS+.
 *
 * @throws SegError `corrupt-data`, `unsupported` or `limit-exceeded`; `not-found` when a data file is not given.
 */
export function parseNrrd(bytes: Uint8Array, options: ParseNrrdOptions = {}): NrrdImage {
  const { name: where = 'parseNrrd', decompressors = portableDecompressors, dataFiles = {} } = options;
  const header = parseNrrdHeader(where, bytes);
  const layout = nrrdLayout(where, header);
  const voxelBytes = checkedVoxelBytes(where, layout.storedShape, layout.storedType, options.maxBytes);
  const names = dataFileNames(where, header);
  const parts =
    names === undefined
      ? [bytes.subarray(header.end)]
      : names.map((name) => {
          const content = dataFiles[name];
          if (content !== undefined) return content;
          throw new SegError('not-found', { where, problem: 'a data file of the header is missing', got: name });
        });
  const stored = decode(where, layout, parts, voxelBytes, decompressors);
  return {
    format: 'nrrd',
    shape: layout.shape,
    dtype: layout.dtype,
    byteOrder: layout.byteOrder,
    data: layout.channelsFirst ? moveFirstAxisLast(stored, layout.storedShape[0]!) : stored,
    slope: null,
    intercept: null,
    zooms: layout.zooms,
    affine: layout.affine,
    header: { fields: header.fields, keyValues: header.keyValues },
    extensions: [],
    warnings: [...layout.warnings, ...shearWarnings(layout.affine)],
  };
}

/** Names of the detached data files that a header refers to; empty for attached data. */
export function nrrdDataFiles(where: string, bytes: Uint8Array): readonly string[] {
  const header: ParsedNrrdHeader = parseNrrdHeader(where, bytes);
  return dataFileNames(where, header) ?? [];
}

function decode(
  where: string,
  layout: NrrdLayout,
  parts: readonly Uint8Array[],
  voxelBytes: number,
  decompressors: Decompressors,
): ImageArray {
  const perPart = voxelBytes / parts.length;
  if (!Number.isInteger(perPart / imageDtypes[layout.storedType].bytes)) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'the data files do not divide the voxels',
      got: parts.length,
    });
  }
  const decoded = parts.map((part) => decodePart(where, layout, part, perPart, decompressors));
  if (decoded.length === 1) return decoded[0]!;
  const joined = new imageDtypes[layout.storedType].array(voxelBytes / imageDtypes[layout.storedType].bytes);
  const target = new Uint8Array(joined.buffer);
  decoded.forEach((part, i) => {
    target.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), i * perPart);
  });
  return joined;
}

function decodePart(
  where: string,
  { storedType, encoding, lineSkip, byteSkip, byteOrder }: NrrdLayout,
  bytes: Uint8Array,
  size: number,
  decompressors: Decompressors,
): ImageArray {
  let content = skipLines(where, bytes, lineSkip);
  if (encoding === 'gzip') content = decompressors.gunzip(where, content, size + Math.max(0, byteSkip));
  if (encoding === 'ascii') return textNumbers(where, content, storedType, size / imageDtypes[storedType].bytes);
  if (encoding === 'hex') content = fromHex(where, content, size);
  const start = byteSkip < 0 ? content.length - size : byteSkip;
  if (start < 0 || start + size > content.length) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'the file ends before its voxels do',
      got: `${Math.max(0, content.length - Math.max(0, start))} bytes`,
      expected: size,
    });
  }
  return voxelArray(content, start, size, storedType, byteOrder);
}

function skipLines(where: string, bytes: Uint8Array, count: number): Uint8Array {
  let at = 0;
  for (let i = 0; i < count; i++) {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw new SegError('corrupt-data', { where, problem: 'there are fewer lines than to skip', got: i });
    at = end + 1;
  }
  return bytes.subarray(at);
}

function fromHex(where: string, text: Uint8Array, size: number): Uint8Array {
  if (size * 2 > text.length) {
    throw new SegError('corrupt-data', { where, problem: 'the file ends before its voxels do', got: text.length });
  }
  const result = new Uint8Array(size);
  let digits = 0;
  for (let i = 0; i < text.length && digits < 2 * size; i++) {
    const byte = text[i]!;
    if (byte <= 32) continue;
    const digit = Number.parseInt(String.fromCharCode(byte), 16);
    if (Number.isNaN(digit))
      throw new SegError('corrupt-data', { where, problem: 'a hexadecimal digit is wrong', got: byte });
    result[digits >> 1]! |= digit << (digits % 2 === 0 ? 4 : 0);
    digits++;
  }
  if (digits < 2 * size)
    throw new SegError('corrupt-data', { where, problem: 'hexadecimal digits are missing', got: digits });
  return result;
}
