import { type MedicalImage, scalingOf } from './medical-image.ts';
import { scaledData, scaleInto } from './scaled-data.ts';

/**
 * The float32 values of an image that nobody else holds, in `into` if that is given: memory is reused where that is
 * possible, which saves half of the time of reading a file (fresh memory is dearer than arithmetic).
 *
 * Voxels of at most 4 bytes that lie at the end of a buffer of 4 bytes a voxel are replaced in place: value i is written
 * to bytes 4i to 4i+3, which never lie behind the bytes of voxel i.
 */
export function takeScaledData(image: MedicalImage, into?: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const { data, dtype } = image;
  const values = into ?? roomyBuffer(image);
  if (values === undefined || dtype.startsWith('complex')) return scaledData(image);
  const { slope, intercept } = scalingOf(image);
  const overlaps = data.buffer === values.buffer;
  if (slope === 1 && intercept === 0 && overlaps && !(data instanceof Float32Array)) {
    // `set` would copy overlapping memory first.
    for (let i = 0; i < values.length; i++) values[i] = Number(data[i]!);
  } else if (!(overlaps && data instanceof Float32Array && slope === 1 && intercept === 0)) {
    scaleInto(values, data, slope, intercept);
  }
  return values;
}

/** The buffer of an image whose voxels lie at its end, if float32 values fit into it exactly. */
function roomyBuffer({ data }: MedicalImage): Float32Array<ArrayBuffer> | undefined {
  const whole = data.buffer as ArrayBuffer;
  const fits = whole.byteLength === 4 * data.length && data.byteOffset + data.byteLength === whole.byteLength;
  return fits ? new Float32Array(whole) : undefined;
}
