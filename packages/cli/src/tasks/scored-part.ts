import type { Volume } from '@seg/core';
import type { DatasetCase } from '@seg/io';

/** The values among `labels` that were annotated in a case: the others are not scored in it. */
export function scoredLabels(
  labels: readonly { readonly value: number }[],
  { annotatedLabels }: Pick<DatasetCase, 'annotatedLabels'>,
): readonly number[] {
  const values = labels.map(({ value }) => value);
  return annotatedLabels === undefined ? values : values.filter((value) => annotatedLabels.includes(value));
}

/**
 * What is scored of a label map, for pictures: background in the place of values that are not scored and where the
 * reference has the ignore label.
 */
export function scoredPart(
  map: Volume,
  reference: Volume,
  options: { readonly scored: readonly number[]; readonly ignoreLabel?: number | undefined },
): Volume {
  const { scored, ignoreLabel } = options;
  const kept = new Set(scored);
  const counts = (i: number) => ignoreLabel === undefined || reference.data[i] !== ignoreLabel;
  return { ...map, data: map.data.map((value, i) => (kept.has(value) && counts(i) ? value : 0)) };
}
