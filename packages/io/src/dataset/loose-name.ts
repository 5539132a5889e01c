import { sameName, splitChannelSuffix } from './case-names.ts';

/** Endings that people put behind the case's name in the file of its label map. */
const LABEL_SUFFIX = /[_-](seg|segmentation|label|labels|mask|gt)$/i;

/** Endings that people put behind the case's name in the file of its image. */
const IMAGE_SUFFIX = /[_-](img|image)$/i;

/** A label map's stem without `_seg`, `-mask` and the like. */
export function withoutLabelSuffix(stem: string): string {
  return stem.replace(LABEL_SUFFIX, '');
}

/** An image's stem without `_img` or `_image`. */
export function withoutImageSuffix(stem: string): string {
  return stem.replace(IMAGE_SUFFIX, '');
}

/**
 * What is left of a stem when everything is taken away in which a misnamed file may differ from the right name: upper
 * case, channel numbers, `_seg` and `_img`. It serves messages, never the pairing of files.
 */
export function looseName(stem: string): string {
  const plain = sameName(stem).toLowerCase();
  return withoutImageSuffix(withoutLabelSuffix(splitChannelSuffix(plain)?.id ?? plain));
}
