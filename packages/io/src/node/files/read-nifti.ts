import type { FileHandle } from 'node:fs/promises';
import { SegError } from '@seg/core';
import { imageDtypes, scalingOf } from '../../formats/medical-image.ts';
import { detectNifti } from '../../formats/nifti/detect-nifti.ts';
import { type NiftiHeader, niftiHeaderBytes } from '../../formats/nifti/nifti-header.ts';
import {
  type NiftiImage,
  type NiftiLayout,
  parseNiftiLayout,
  truncated,
  withVoxels,
} from '../../formats/nifti/parse-nifti.ts';
import { parseNiftiHeader } from '../../formats/nifti/parse-nifti-header.ts';
import { scaleInto, scaleSwappedInto } from '../../formats/scale-voxels.ts';
import { type ReadyImage, scalesInPlace } from '../../formats/take-scaled-data.ts';
import { inHostOrder, voxelArray } from '../../formats/voxel-bytes.ts';
import { isGzip } from '../../gzip/gzip-header.ts';
import { allocateBytes, readBytes, readInto, withFile } from './file-bytes.ts';
import { gunzipBytes, gunzipPrefix } from './gunzip-bytes.ts';
import { niftiPairPaths } from './nifti-pair-paths.ts';

export interface ReadNiftiOptions {
  /** Most bytes of voxels that are accepted. Default 8 GiB. */
  readonly maxBytes?: number;
}

/** Whether to compute the float32 values while the file is read where that is possible, in fresh memory or in an array. */
export interface ScaledOption {
  readonly scaled?: 'fresh' | Float32Array<ArrayBuffer>;
}

/** Bytes that are read to look at a file: enough for most headers with their extensions. */
const firstBytes = 2 ** 14;

/**
 * Reads a NIfTI-1, NIfTI-2 or Analyze 7.5 image: .nii, or .hdr/.img by either name, each plain or gzip-compressed.
 *
 * The header is read and checked first, inflating no more than it needs; voxels are allocated only when the file is long
 * enough to hold them.
 *
 * @throws SegError `not-found`, `io-failure`, `corrupt-data`, `unsupported` or `limit-exceeded`, naming the file.
 */
export async function readNifti(path: string, options: ReadNiftiOptions = {}): Promise<NiftiImage> {
  const pair = await niftiPairPaths(path);
  if (pair !== undefined) return readNiftiPair(pair, options);
  return withFile(path, (file, size) => readNiftiFile(path, file, size, options));
}

/** Reads a single file that is open. */
export async function readNiftiFile(
  path: string,
  file: FileHandle,
  size: number,
  options: ReadNiftiOptions & ScaledOption,
): Promise<NiftiImage> {
  const { layout, gzip } = await readLayout(path, file, size, false, options);
  return readVoxels(path, file, size, layout, gzip, options.scaled);
}

/** Reads a header and the voxels beside it. */
export async function readNiftiPair(
  { header, voxels }: { readonly header: string; readonly voxels: string },
  options: ReadNiftiOptions & ScaledOption,
): Promise<NiftiImage> {
  const { layout } = await withFile(header, (file, size) => readLayout(header, file, size, true, options));
  return withFile(voxels, async (file, size) => {
    const gzip = isGzip(await readBytes(voxels, file, 0, Math.min(size, 3)));
    return readVoxels(voxels, file, size, layout, gzip, options.scaled);
  });
}

/** Reads and checks all but the voxels of an open file. */
export async function readLayout(
  path: string,
  file: FileHandle,
  size: number,
  separateVoxels: boolean,
  options: ReadNiftiOptions,
): Promise<{ layout: NiftiLayout; gzip: boolean }> {
  if (size === 0) throw new SegError('corrupt-data', { where: path, problem: 'the file is empty' });
  let read = Math.min(size, separateVoxels ? size : firstBytes);
  for (;;) {
    const stored = await readBytes(path, file, 0, read);
    const gzip = isGzip(stored);
    const bytes = gzip ? gunzipPrefix(path, stored) : stored;
    if (read < size && bytes.length < neededBytes(path, bytes, separateVoxels)) {
      read = Math.min(size, read * 4);
      continue;
    }
    return { layout: parseNiftiLayout(path, bytes, { separateVoxels, ...limit(options) }), gzip };
  }
}

function limit({ maxBytes }: ReadNiftiOptions): ReadNiftiOptions {
  return maxBytes === undefined ? {} : { maxBytes };
}

/** Bytes that the layout needs: the header, and all up to the voxels where there are extensions. */
function neededBytes(path: string, bytes: Uint8Array, separateVoxels: boolean): number {
  const kind = detectNifti(bytes);
  if (kind === undefined) return 352;
  const length = niftiHeaderBytes(kind === 'nifti2' ? 2 : 1);
  if (bytes.length < length + 4) return length + 4;
  const header: NiftiHeader = parseNiftiHeader(path, bytes, kind, separateVoxels).header;
  return bytes[length] !== 0 && !separateVoxels ? header.voxOffset : length + 4;
}

async function readVoxels(
  path: string,
  file: FileHandle,
  size: number,
  layout: NiftiLayout,
  gzip: boolean,
  scaled?: ScaledOption['scaled'],
): Promise<NiftiImage & ReadyImage> {
  const { voxelOffset, voxelBytes, ...rest } = layout;
  const end = voxelOffset + voxelBytes;
  if (gzip) return withVoxels(path, layout, gunzipBytes(path, await readBytes(path, file, 0, size), end));
  if (end > size) throw truncated(path, end, size);
  if (scaled !== undefined && scalesInPlace(rest)) return readScaled(path, file, layout, scaled);
  const bytes = await readBytes(path, file, voxelOffset, voxelBytes);
  if (bytes.length < voxelBytes) throw truncated(path, end, voxelOffset + bytes.length);
  return { ...rest, data: voxelArray(bytes, 0, voxelBytes, rest.dtype, rest.byteOrder) };
}

/**
 * Reads voxels of at most 4 bytes and scales them to float32 in the same memory, some parts while the next are read.
 *
 * The voxels are read to the end of 4 bytes for each, so that value i goes to bytes 4i to 4i+3, which never lie behind
 * the bytes of voxel i. Fresh memory costs more than the arithmetic, because the system hands it out page by page at the
 * first touch: one half is touched by the threads that read, the other by the one that scales.
 */
async function readScaled(
  path: string,
  file: FileHandle,
  layout: NiftiLayout,
  scaled: NonNullable<ScaledOption['scaled']>,
): Promise<NiftiImage & ReadyImage> {
  const { voxelOffset, voxelBytes, ...rest } = layout;
  const { array } = imageDtypes[rest.dtype];
  const count = voxelBytes / array.BYTES_PER_ELEMENT;
  const fits = scaled !== 'fresh' && scaled.length === count;
  const values = fits ? scaled : new Float32Array(allocateBytes(path, 4 * count).buffer);
  const start = values.byteOffset + values.byteLength - voxelBytes;
  const data = new array(values.buffer, start, count);
  const { slope, intercept } = scalingOf(rest);
  const scale = inHostOrder(rest) ? scaleInto : scaleSwappedInto;
  const parts = partsOf(voxelBytes);
  const read = ({ from, bytes }: Part) => {
    const reading = readInto(file, voxelOffset + from, new Uint8Array(values.buffer, start + from, bytes));
    // It may fail before its turn comes: the failure waits for that turn, and is no unhandled one meanwhile.
    reading.catch(() => undefined);
    return reading;
  };
  const pending = parts.slice(0, readsAhead).map(read);
  try {
    for (const [i, { from, bytes }] of parts.entries()) {
      const { length } = await pending.shift()!;
      if (length < bytes) throw truncated(path, voxelOffset + voxelBytes, voxelOffset + from + length);
      const next = parts[i + readsAhead];
      if (next !== undefined) pending.push(read(next));
      const [first, last] = [from, from + bytes].map((byte) => byte / array.BYTES_PER_ELEMENT) as [number, number];
      scale(values.subarray(first, last), data.subarray(first, last), slope, intercept);
    }
  } finally {
    // The file may be closed, and the memory given away, only when nothing is being read any more.
    await Promise.allSettled(pending);
  }
  return { ...rest, data, values };
}

interface Part {
  readonly from: number;
  readonly bytes: number;
}

/** Runs of bytes that are read and scaled at a time. */
function partsOf(voxelBytes: number): Part[] {
  return Array.from({ length: Math.ceil(voxelBytes / partBytes) }, (_, i) => {
    const from = i * partBytes;
    return { from, bytes: Math.min(partBytes, voxelBytes - from) };
  });
}

/** Bytes that are scaled at a time, a multiple of every voxel's. */
const partBytes = 2 ** 20;

/** Parts that are being read while one is scaled. */
const readsAhead = 3;
