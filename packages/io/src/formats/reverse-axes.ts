import type { ImageArray } from './medical-image.ts';

/**
 * Transposes an array whose last axis is the fastest into one whose first axis is (shape stays): C order to Fortran order.
 */
export function reverseAxes(data: ImageArray, shape: readonly number[]): ImageArray {
  const result = new (data.constructor as new (length: number) => ImageArray)(data.length);
  const axes = shape.length;
  const stride = new Array<number>(axes).fill(1);
  for (let axis = 1; axis < axes; axis++) stride[axis] = stride[axis - 1]! * shape[axis - 1]!;
  const last = shape[axes - 1]!;
  const step = stride[axes - 1]!;
  const index = new Array<number>(axes).fill(0);
  let to = 0;
  for (let from = 0; from < data.length; from += last) {
    for (let k = 0; k < last; k++) result[to + k * step] = data[from + k]!;
    for (let axis = axes - 2; axis >= 0; axis--) {
      to += stride[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      to -= stride[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
