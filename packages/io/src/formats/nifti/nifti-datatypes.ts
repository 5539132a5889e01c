import { SegError } from '@seg/core';
import type { ImageDtype } from '../medical-image.ts';

const niftiCodes: Readonly<Record<number, ImageDtype>> = {
  2: 'uint8',
  4: 'int16',
  8: 'int32',
  16: 'float32',
  32: 'complex64',
  64: 'float64',
  128: 'rgb24',
  256: 'int8',
  512: 'uint16',
  768: 'uint32',
  1024: 'int64',
  1280: 'uint64',
  1792: 'complex128',
  2304: 'rgba32',
};

const refusals: Readonly<Record<number, string>> = {
  0: 'data type 0 says that the type is unknown',
  1: 'one-bit voxels (data type 1) are not supported',
  255: 'data type 255 ("all") names no type',
  1536: '128-bit floats (data type 1536) have no counterpart in JavaScript and differ between machines',
  2048: '256-bit complex numbers (data type 2048) have no counterpart in JavaScript and differ between machines',
};

/** dtype of a NIfTI or Analyze data type code; throws `unsupported` with the reason for the others. */
export function dtypeOfNiftiCode(where: string, code: number): ImageDtype {
  const dtype = niftiCodes[code];
  if (dtype !== undefined) return dtype;
  throw new SegError(refusals[code] === undefined ? 'corrupt-data' : 'unsupported', {
    where,
    problem: refusals[code] ?? 'the header names a data type that does not exist',
    got: code,
    hint: 'Convert the voxels to a type of at most 64 bits per component.',
  });
}

/** NIfTI data type code of a dtype. */
export function niftiCodeOfDtype(dtype: ImageDtype): number {
  return Number(Object.keys(niftiCodes).find((code) => niftiCodes[Number(code)] === dtype));
}
