import type { FileHandle } from 'node:fs/promises';
import { SegError } from '@seg/core';
import { type ImageDtype, imageDtypes } from '../../formats/medical-image.ts';
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
import { voxelArray } from '../../formats/voxel-bytes.ts';
import { isGzip } from '../../gzip/gzip-header.ts';
import { allocateBytes, readBytes, readInto, withFile } from './file-bytes.ts';
import { gunzipBytes, gunzipPrefix } from './gunzip-bytes.ts';
import { niftiPairPaths } from './nifti-pair-paths.ts';

export interface ReadNiftiOptions {
  /** Most bytes of voxels that are accepted. Default 8 GiB. */
  readonly maxBytes?: number;
}

/** Whether to leave room for float32 values before the voxels, in fresh memory or in an array. */
export interface RoomOption {
  readonly room?: 'fresh' | Float32Array<ArrayBuffer>;
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
  options: ReadNiftiOptions & RoomOption,
): Promise<NiftiImage> {
  const { layout, gzip } = await readLayout(path, file, size, false, options);
  return readVoxels(path, file, size, layout, gzip, options.room);
}

/** Reads a header and the voxels beside it. */
export async function readNiftiPair(
  { header, voxels }: { readonly header: string; readonly voxels: string },
  options: ReadNiftiOptions & RoomOption,
): Promise<NiftiImage> {
  const { layout } = await withFile(header, (file, size) => readLayout(header, file, size, true, options));
  return withFile(voxels, async (file, size) => {
    const gzip = isGzip(await readBytes(voxels, file, 0, Math.min(size, 3)));
    return readVoxels(voxels, file, size, layout, gzip, options.room);
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
  room?: RoomOption['room'],
): Promise<NiftiImage> {
  const { voxelOffset, voxelBytes, ...rest } = layout;
  const end = voxelOffset + voxelBytes;
  if (gzip) return withVoxels(path, layout, gunzipBytes(path, await readBytes(path, file, 0, size), end));
  if (end > size) throw truncated(path, end, size);
  const bytes = await readInto(file, voxelOffset, voxelMemory(path, voxelBytes, rest.dtype, room));
  if (bytes.length < voxelBytes) throw truncated(path, end, voxelOffset + bytes.length);
  return { ...rest, data: voxelArray(bytes, 0, voxelBytes, rest.dtype, rest.byteOrder) };
}

/** Memory for voxels: where float32 values must find room, the end of 4 bytes for each number. */
function voxelMemory(
  path: string,
  voxelBytes: number,
  dtype: ImageDtype,
  room: RoomOption['room'],
): Uint8Array<ArrayBuffer> {
  const { BYTES_PER_ELEMENT: size } = imageDtypes[dtype].array;
  const needed = voxelBytes * (4 / size);
  if (room === undefined || size > 4) return allocateBytes(path, voxelBytes);
  if (room === 'fresh') return allocateBytes(path, needed).subarray(needed - voxelBytes);
  if (room.byteLength !== needed) return allocateBytes(path, voxelBytes);
  return new Uint8Array(room.buffer, room.byteOffset + needed - voxelBytes, voxelBytes);
}
