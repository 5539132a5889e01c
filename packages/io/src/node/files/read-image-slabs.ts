import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { SegError } from '@seg/core';
import { type ImageArray, imageDtypes } from '../../formats/medical-image.ts';
import { type NiftiLayout, truncated } from '../../formats/nifti/parse-nifti.ts';
import { voxelArray } from '../../formats/voxel-bytes.ts';
import { isGzip } from '../../gzip/gzip-header.ts';
import { allocateBytes, readBytes, readInto, withFile } from './file-bytes.ts';
import { maxDeflateRatio } from './gunzip-bytes.ts';
import { niftiPairPaths } from './nifti-pair-paths.ts';
import { readLayout } from './read-nifti.ts';

export interface ReadImageSlabsOptions {
  /** About how many bytes of voxels a slab holds: whole planes where one fits. Default 64 MiB. */
  readonly slabBytes?: number;
}

/** A run of an image's voxels. */
export interface ImageSlab {
  /** Index of the slab's first voxel in the image, in file order. */
  readonly start: number;
  /** Stored voxels, first axis fastest (complex and colours interleaved). */
  readonly data: ImageArray;
}

/** An image of which only the header is in memory. */
export interface ImageSlabs {
  readonly image: Omit<NiftiLayout, 'voxelOffset' | 'voxelBytes'>;
  /** The voxels in order; may be run through once or more, each time from the file. */
  readonly slabs: () => AsyncGenerator<ImageSlab, void, undefined>;
}

/** Uncompressed bytes beyond the announced ones that are taken for a bomb. */
const slackBytes = 2 ** 20;

/**
 * Opens a NIfTI or Analyze image of any size to read it a few planes at a time, compressed or not: memory stays at about
 * two slabs.
 *
 * @throws SegError as `readImage`; errors in the voxels are thrown while they are read.
 *
 * @example
 * const { image, slabs } = await readImageSlabs('whole-body.nii.gz');
 * for await (const { start, data } of slabs()) console.log(image.dtype, start, data.length);
 */
export async function readImageSlabs(path: string, options: ReadImageSlabsOptions = {}): Promise<ImageSlabs> {
  const { slabBytes = 2 ** 26 } = options;
  const pair = await niftiPairPaths(path);
  const [headerPath, voxelPath] = pair === undefined ? [path, path] : [pair.header, pair.voxels];
  const { layout } = await withFile(headerPath, (file, size) =>
    readLayout(headerPath, file, size, pair !== undefined, { maxBytes: Number.MAX_SAFE_INTEGER }),
  );
  const { voxelOffset: _offset, voxelBytes: _bytes, ...image } = layout;
  return { image, slabs: () => readSlabs(voxelPath, layout, slabBytes) };
}

async function* readSlabs(path: string, layout: NiftiLayout, slabBytes: number): AsyncGenerator<ImageSlab, void> {
  const { voxelOffset, voxelBytes, shape, dtype, byteOrder } = layout;
  const { bytes: voxelSize } = imageDtypes[dtype];
  const planeBytes = voxelSize * shape[0]! * (shape[1] ?? 1);
  const unit = planeBytes <= slabBytes ? planeBytes : voxelSize;
  const step = unit * Math.max(1, Math.floor(slabBytes / unit));
  const { gzip, size } = await withFile(path, async (file, fileSize) => ({
    gzip: isGzip(await readBytes(path, file, 0, Math.min(fileSize, 3))),
    size: fileSize,
  }));
  const most = gzip ? size * maxDeflateRatio : size;
  if (voxelOffset + voxelBytes > most) throw truncated(path, voxelOffset + voxelBytes, most);
  const parts = gzip ? inflatedParts(path, layout, step) : storedParts(path, layout, step);
  let done = 0;
  for await (const bytes of parts) {
    yield { start: done / voxelSize, data: voxelArray(bytes, 0, bytes.length, dtype, byteOrder) };
    done += bytes.length;
  }
}

async function* storedParts(path: string, { voxelOffset, voxelBytes }: NiftiLayout, step: number) {
  for (let at = 0; at < voxelBytes; at += step) {
    const length = Math.min(step, voxelBytes - at);
    const bytes = await withFile(path, (file) => readInto(file, voxelOffset + at, allocateBytes(path, length)));
    if (bytes.length < length) throw truncated(path, voxelOffset + voxelBytes, voxelOffset + at + bytes.length);
    yield bytes;
  }
}

async function* inflatedParts(path: string, { voxelOffset, voxelBytes }: NiftiLayout, step: number) {
  const end = voxelOffset + voxelBytes;
  let position = 0;
  let part = allocateBytes(path, Math.min(step, voxelBytes));
  let filled = 0;
  let done = 0;
  for await (const chunk of inflatedChunks(path)) {
    let from = Math.max(0, voxelOffset - position);
    const to = Math.min(chunk.length, end - position);
    while (from < to) {
      const count = Math.min(to - from, part.length - filled);
      part.set(chunk.subarray(from, from + count), filled);
      from += count;
      filled += count;
      if (filled < part.length) continue;
      yield part;
      done += filled;
      filled = 0;
      if (done < voxelBytes) part = allocateBytes(path, Math.min(step, voxelBytes - done));
    }
    position += chunk.length;
    if (position > end + slackBytes) {
      throw new SegError('limit-exceeded', {
        where: path,
        problem: 'the compressed file holds far more data than its header announces',
        hint: 'It may be a decompression bomb.',
      });
    }
  }
  if (position < end) throw truncated(path, end, position);
}

async function* inflatedChunks(path: string): AsyncGenerator<Uint8Array, void> {
  const source = createReadStream(path, { highWaterMark: 2 ** 18 });
  const inflated = source.pipe(createGunzip({ chunkSize: 2 ** 18 }));
  source.on('error', (error) => inflated.destroy(error));
  try {
    for await (const chunk of inflated) yield chunk as Uint8Array;
  } catch (cause) {
    const isRead = cause instanceof Error && 'syscall' in cause;
    throw new SegError(isRead ? 'io-failure' : 'corrupt-data', {
      where: path,
      problem: isRead ? 'reading failed' : 'the compressed data is damaged or truncated',
      got: cause instanceof Error ? cause.message : cause,
      hint: 'Fetch the file again.',
      cause,
    });
  } finally {
    source.destroy();
    inflated.destroy();
  }
}
