import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isSegError, SegError } from '@seg/core';
import { type DicomPlacement, MoreBytesNeeded, parseDicomPlacement } from '../../formats/dicom-placement.ts';
import { type ItkImage, imageOfItk } from '../../formats/image-of-itk.ts';
import type { MedicalImage } from '../../formats/medical-image.ts';
import { placeSlices } from '../../formats/place-slices.ts';
import { readBytes, withFile } from './file-bytes.ts';

/** The functions of `@itk-wasm/dicom` that are used here. */
export interface ItkDicom {
  readImageDicomFileSeriesNode(options: { inputImages: string[] }): Promise<{ outputImage: ItkImage }>;
  readSegmentationNode(file: string): Promise<{ segImage: ItkImage; metaInfo: unknown }>;
}

export interface ReadDicomOptions {
  /** The module `@itk-wasm/dicom`, installed and imported by the program: DICOM parsers are large and seldom needed. */
  readonly itk: ItkDicom;
}

/**
 * Reads the slices of one DICOM series as one image of rescaled values, sorted by position, world coordinates RAS+.
 *
 * Slices of a tilted gantry give a sheared affine. What ITK would read into a wrong image without a word is refused: files
 * of several series, slices that are missing, there twice, unevenly spaced or of different directions.
 *
 * The parsers (GDCM, DCMTK) run inside WebAssembly, so that a hostile file can at most exhaust their 4 GiB; files of
 * unknown origin belong into a process of their own.
 *
 * @param source - the folder that holds nothing but the series, or the files' paths
 * @throws SegError `not-found` for an empty folder, `corrupt-data` for slices that make no image and what ITK cannot read.
 *
 * @example
 * const image = await readDicomSeries('ct/', { itk: await import('@itk-wasm/dicom') });
 */
export async function readDicomSeries(
  source: string | readonly string[],
  options: ReadDicomOptions,
): Promise<MedicalImage> {
  const where = typeof source === 'string' ? source : (source[0] ?? 'readDicomSeries');
  // itk-wasm opens absolute paths only.
  const files = (typeof source === 'string' ? await filesIn(source) : source).map((file) => resolve(file));
  if (files.length === 0) throw new SegError('not-found', { where, problem: 'there are no DICOM files' });
  const slices: DicomPlacement[] = [];
  for (const file of files) slices.push(await readPlacement(file));
  return guarded(where, async () => {
    const { outputImage } = await options.itk.readImageDicomFileSeriesNode({ inputImages: files });
    return imageOfItk(where, placeSlices(where, outputImage, slices));
  });
}

/** Bytes that are read first to look for a slice's place. */
const firstBytes = 2 ** 14;

function readPlacement(path: string): Promise<DicomPlacement> {
  return withFile(path, async (file, size) => {
    for (let length = Math.min(size, firstBytes); ; length = Math.min(size, 8 * length)) {
      try {
        return parseDicomPlacement(path, await readBytes(path, file, 0, length));
      } catch (error) {
        if (!(error instanceof MoreBytesNeeded)) throw error;
        if (length < size) continue;
        throw new SegError('corrupt-data', { where: path, problem: 'the DICOM file ends too early' });
      }
    }
  });
}

/**
 * Reads a DICOM segmentation object: the map of segments and what the file says about them.
 *
 * @throws SegError `corrupt-data` when it cannot be read.
 */
export function readDicomSegmentation(
  file: string,
  options: ReadDicomOptions,
): Promise<{ readonly image: MedicalImage; readonly info: unknown }> {
  return guarded(file, async () => {
    const { segImage, metaInfo } = await options.itk.readSegmentationNode(resolve(file));
    return { image: imageOfItk(file, segImage), info: metaInfo };
  });
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && entry.name !== 'DICOMDIR')
      .map((entry) => join(folder, entry.name))
      .sort();
  } catch (cause) {
    throw new SegError('not-found', { where: folder, problem: 'the folder cannot be listed', cause });
  }
}

async function guarded<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (isSegError(cause)) throw cause;
    throw new SegError('corrupt-data', {
      where,
      problem: 'ITK could not read the DICOM files',
      got: cause instanceof Error ? cause.message : 'an exception inside the parser',
      hint: 'Pass the files of one series only, and no others.',
      cause,
    });
  }
}
