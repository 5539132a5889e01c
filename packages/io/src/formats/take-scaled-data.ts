import { imageDtypes, type MedicalImage, scalingOf } from './medical-image.ts';
import { scaleInto } from './scale-voxels.ts';
import { scaledData } from './scaled-data.ts';

/** An image whose float32 values the reader has computed already; `data` then lies in the same memory and is gone. */
export interface ReadyImage extends MedicalImage {
  readonly values?: Float32Array<ArrayBuffer>;
}

/** The float32 values of an image that nobody else holds, in `into` if that is given. */
export function takeScaledData(image: ReadyImage, into?: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const { data, dtype, values } = image;
  if (values !== undefined) return values;
  if (into === undefined || dtype.startsWith('complex')) return scaledData(image);
  const { slope, intercept } = scalingOf(image);
  scaleInto(into, data, slope, intercept);
  return into;
}

/** Whether stored numbers can be turned into float32 where they lie: of at most 4 bytes each, and not complex. */
export function scalesInPlace({ dtype }: Pick<MedicalImage, 'dtype'>): boolean {
  return imageDtypes[dtype].array.BYTES_PER_ELEMENT <= 4 && !dtype.startsWith('complex');
}
