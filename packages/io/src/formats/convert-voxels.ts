import { SegError } from '@seg/core';
import { type ImageArray, type ImageDtype, imageDtypes } from './medical-image.ts';

const ranges: Partial<Readonly<Record<ImageDtype, readonly [number, number]>>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  uint32: [0, 2 ** 32 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint64: [0, 2 ** 64 - 2 ** 11],
  int64: [-(2 ** 63), 2 ** 63 - 2 ** 10],
};

/** dtype of plain voxels in this typed array. */
export function dtypeOfArray(data: ImageArray): ImageDtype {
  const names = Object.keys(imageDtypes) as ImageDtype[];
  return names.find((name) => data instanceof imageDtypes[name].array)!;
}

/**
 * Values as stored numbers of another type: (value - intercept) / slope, rounded to the nearest for integer types.
 *
 * @throws SegError `invalid-argument` for a value that the type cannot hold: nothing is clipped or wrapped.
 */
export function convertVoxels(
  where: string,
  data: ImageArray,
  dtype: ImageDtype,
  { slope = 1, intercept = 0 }: { readonly slope?: number; readonly intercept?: number } = {},
): ImageArray {
  const { array, components } = imageDtypes[dtype];
  if (components > 1) {
    throw new SegError('unsupported', {
      where,
      problem: `voxels cannot be converted to ${dtype}`,
      got: dtypeOfArray(data),
    });
  }
  if (data instanceof array && slope === 1 && intercept === 0) return data;
  const range = ranges[dtype];
  const result = new array(data.length);
  const big = result instanceof BigInt64Array || result instanceof BigUint64Array;
  for (let i = 0; i < data.length; i++) {
    let value = Number(data[i]!);
    if (slope !== 1 || intercept !== 0) value = (value - intercept) / slope;
    if (range !== undefined) {
      value = Math.round(value);
      if (!(value >= range[0] && value <= range[1])) {
        throw new SegError('invalid-argument', {
          where,
          problem: `a voxel does not fit the type ${dtype}`,
          got: String(value),
          expected: `${range[0]} to ${range[1]}`,
          hint: 'Choose a wider dtype, or a slope and intercept that bring the values into range.',
        });
      }
    }
    if (big) result[i] = BigInt(value);
    else result[i] = value;
  }
  return result;
}
