import { SegError, type Volume } from '@seg/core';
import { imageDtypes, type MedicalImage, scalingOf } from './medical-image.ts';
import { scaledData } from './scaled-data.ts';
import { volumeOf } from './to-volume.ts';
import { labelTolerance, notWholeHint, wholeLabel } from './whole-labels.ts';

/**
 * A segmentation as a volume of one channel in the smaller of uint8 and int32 that holds its labels.
 *
 * Axes of size 1 beyond the third are dropped. Values within the rounding of float32 or of the stored scaling (half a step
 * of it) are the whole numbers next to them.
 *
 * @throws SegError `corrupt-data` for values that are farther from whole numbers (naming the scaling if there is one) or too large, or for more than one channel.
 */
export function toLabelMap(
  image: MedicalImage,
  options: { readonly name?: string } = {},
): Volume<Uint8Array | Int32Array> {
  const where = options.name ?? 'toLabelMap';
  const channels = image.shape.slice(3).reduce((product, size) => product * size, imageDtypes[image.dtype].components);
  if (channels !== 1) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'a label map must have one channel',
      got: image.shape,
      hint: 'One-hot maps must be turned into one map of labels first.',
    });
  }
  const { slope, intercept } = scalingOf(image);
  const raw = slope === 1 && intercept === 0;
  const values = raw ? image.data : scaledData(image, { type: 'float64' });
  if (values instanceof Uint8Array || values instanceof Int32Array) return volumeOf(where, image, values);
  const [low, high] = range(where, image, values);
  const labels = low >= 0 && high <= 255 ? new Uint8Array(values.length) : new Int32Array(values.length);
  for (let i = 0; i < labels.length; i++) labels[i] = Math.round(Number(values[i]!));
  return volumeOf(where, image, labels);
}

/** Smallest and largest value, after the check that all are whole numbers of at most 31 bits. */
function range(where: string, image: MedicalImage, values: MedicalImage['data']): [number, number] {
  const tolerance = labelTolerance(image);
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    let value = Number(values[i]!);
    if (value !== Math.trunc(value)) {
      value = wholeLabel(value, tolerance);
      if (value !== Math.trunc(value)) throw noLabel(where, image, value);
    }
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low < -(2 ** 31) || high >= 2 ** 31) throw noLabel(where, image, low < -(2 ** 31) ? low : high);
  return [low, high];
}

function noLabel(where: string, image: MedicalImage, value: number): SegError {
  return new SegError('corrupt-data', {
    where,
    problem: 'a label map must hold whole numbers of at most 31 bits',
    got: String(value),
    hint: notWholeHint(image),
  });
}
