import { SegError, type Volume } from '@seg/core';
import { imageDtypes, type MedicalImage, scalingOf } from './medical-image.ts';
import { scaledData } from './scaled-data.ts';
import { volumeOf } from './to-volume.ts';

/**
 * A segmentation as a volume of one channel in the smaller of uint8 and int32 that holds its labels.
 *
 * Axes of size 1 beyond the third are dropped.
 *
 * @throws SegError `corrupt-data` for values that are not whole numbers or too large, or for more than one channel.
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
  const [low, high] = range(where, values);
  const labels = low >= 0 && high <= 255 ? new Uint8Array(values.length) : new Int32Array(values.length);
  for (let i = 0; i < labels.length; i++) labels[i] = Number(values[i]!);
  return volumeOf(where, image, labels);
}

/** Smallest and largest value, after the check that all are whole numbers of at most 31 bits. */
function range(where: string, values: MedicalImage['data']): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]!);
    if (value !== Math.trunc(value)) throw noLabel(where, value);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low < -(2 ** 31) || high >= 2 ** 31) throw noLabel(where, low < -(2 ** 31) ? low : high);
  return [low, high];
}

function noLabel(where: string, value: number): SegError {
  return new SegError('corrupt-data', {
    where,
    problem: 'a label map must hold whole numbers of at most 31 bits',
    got: String(value),
    hint: 'Is this an image, or a probability map?',
  });
}
