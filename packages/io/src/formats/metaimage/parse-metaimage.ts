import { SegError } from '@seg/core';
import { type Decompressors, portableDecompressors } from '../decompress.ts';
import { type ImageArray, imageDtypes, type MedicalImage } from '../medical-image.ts';
import { moveFirstAxisLast } from '../raster.ts';
import { shearWarnings } from '../shear-warnings.ts';
import { textNumbers } from '../text-numbers.ts';
import { checkedVoxelBytes, voxelArray } from '../voxel-bytes.ts';
import { type MetaImageHeader, type ParsedMetaImageHeader, parseMetaImageHeader } from './metaimage-header.ts';
import { type MetaImageLayout, metaImageLayout } from './metaimage-layout.ts';

/** An image from a MetaImage file. */
export interface MetaImage extends MedicalImage {
  readonly format: 'metaimage';
  readonly header: MetaImageHeader;
}

export interface ParseMetaImageOptions {
  /** Contents of the data files by the names that the header gives. */
  readonly dataFiles?: Readonly<Record<string, Uint8Array>>;
  /** Most bytes of voxels that are accepted. Default 8 GiB. */
  readonly maxBytes?: number;
  /** Default: decompressors that run anywhere. */
  readonly decompressors?: Decompressors;
  /** What errors call the data. Default `parseMetaImage`. */
  readonly name?: string;
}

/** Most files that a header may refer to. */
const maxFiles = 100_000;

/**
 * The image in a MetaImage file (.mha, or .mhd with its data files), raw or zlib-compressed; world coordinates are turned
 * to RAS+, channels of a voxel become the last axis.
 *
 * @throws SegError `corrupt-data`, `unsupported` or `limit-exceeded`; `not-found` when a data file is not given.
 */
export function parseMetaImage(bytes: Uint8Array, options: ParseMetaImageOptions = {}): MetaImage {
  const { name: where = 'parseMetaImage', decompressors = portableDecompressors, dataFiles = {} } = options;
  const parsed = parseMetaImageHeader(where, bytes);
  const layout = metaImageLayout(where, parsed.header);
  const voxelBytes = checkedVoxelBytes(where, layout.storedShape, layout.storedType, options.maxBytes);
  const names = fileNames(where, parsed);
  const parts =
    names === undefined
      ? [bytes.subarray(parsed.end)]
      : names.map((name) => {
          const content = dataFiles[name];
          if (content !== undefined) return content;
          throw new SegError('not-found', { where, problem: 'a data file of the header is missing', got: name });
        });
  const stored = decode(where, layout, parts, voxelBytes, decompressors);
  return {
    format: 'metaimage',
    shape: layout.shape,
    dtype: layout.dtype,
    byteOrder: layout.byteOrder,
    data: moveFirstAxisLast(stored, layout.channels),
    slope: layout.slope,
    intercept: layout.intercept,
    zooms: layout.zooms,
    affine: layout.affine,
    header: parsed.header,
    extensions: [],
    warnings: shearWarnings(layout.affine),
  };
}

/** Names of the data files that a MetaImage header refers to; empty when the voxels follow it. */
export function metaImageDataFiles(where: string, bytes: Uint8Array): readonly string[] {
  return fileNames(where, parseMetaImageHeader(where, bytes)) ?? [];
}

function fileNames(where: string, { header, list }: ParsedMetaImageHeader): readonly string[] | undefined {
  const value = header.ElementDataFile!;
  if (/^LOCAL$/i.test(value)) return undefined;
  if (/^LIST/i.test(value)) return list;
  const pattern = /^(.*%[0-9]*d\S*)\s+(\d+)\s+(\d+)(?:\s+(\d+))?$/.exec(value);
  if (pattern === null) return [value];
  const [first, last, step] = [Number(pattern[2]), Number(pattern[3]), Number(pattern[4] ?? 1)];
  const count = Math.floor((last - first) / step) + 1;
  if (!(count >= 1 && count <= maxFiles)) {
    throw new SegError('corrupt-data', { where, problem: 'the pattern of data files makes no sense', got: value });
  }
  return Array.from({ length: count }, (_, i) =>
    pattern[1]!.replace(/%(0?)(\d*)d/, (_match, zero: string, width: string) =>
      String(first + i * step).padStart(Math.min(Number(width), 20), zero === '0' ? '0' : ' '),
    ),
  );
}

function decode(
  where: string,
  layout: MetaImageLayout,
  parts: readonly Uint8Array[],
  voxelBytes: number,
  decompressors: Decompressors,
): ImageArray {
  const { array, bytes: voxelSize } = imageDtypes[layout.storedType];
  const perPart = voxelBytes / parts.length;
  if (!Number.isInteger(perPart / voxelSize)) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'the data files do not divide the voxels',
      got: parts.length,
    });
  }
  const decoded = parts.map((part) => decodePart(where, layout, part, perPart, decompressors));
  if (decoded.length === 1) return decoded[0]!;
  const joined = new array(voxelBytes / array.BYTES_PER_ELEMENT);
  const target = new Uint8Array(joined.buffer);
  decoded.forEach((part, i) => {
    target.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), i * perPart);
  });
  return joined;
}

function decodePart(
  where: string,
  { storedType, byteOrder, compressed, binary, headerSize }: MetaImageLayout,
  bytes: Uint8Array,
  size: number,
  decompressors: Decompressors,
): ImageArray {
  if (!binary) return textNumbers(where, bytes, storedType, size / imageDtypes[storedType].bytes);
  const content = compressed ? decompressors.unzlib(where, bytes.subarray(Math.max(0, headerSize)), size) : bytes;
  const start = compressed ? 0 : headerSize < 0 ? content.length - size : headerSize;
  if (start < 0 || start + size > content.length) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'the file ends before its voxels do',
      got: `${content.length} bytes`,
      expected: `at least ${size + Math.max(0, start)}`,
    });
  }
  return voxelArray(content, start, size, storedType, byteOrder);
}
