import type { Volume } from '@seg/core';
import type { Dataset, DatasetCase } from '../../dataset/dataset-types.ts';
import type { Finding } from '../../dataset/verification-report.ts';
import { scalingOf } from '../../formats/medical-image.ts';
import { toVolume } from '../../formats/to-volume.ts';
import { labelTolerance, notWholeHint, wholeLabel } from '../../formats/whole-labels.ts';
import { readImage } from '../files/index.ts';

/** More values than this are no label map; the rest is not counted. */
const MOST_VALUES = 1000;

/**
 * The values of a label map, all of them, for a check: those within rounding of whole numbers as these, others as they are.
 *
 * @returns `notWhole`: what to do about the others where a stored scaling made them.
 */
export async function readLabelValues(
  path: string,
  onWarning: (message: string) => void,
): Promise<{ readonly volume: Volume<Float32Array>; readonly notWhole: string | undefined }> {
  const image = await readImage(path);
  for (const warning of image.warnings) onWarning(warning);
  const volume = toVolume(image, { name: path });
  const tolerance = labelTolerance(image);
  const { data } = volume;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isInteger(data[i])) data[i] = wholeLabel(data[i]!, tolerance);
  }
  const { slope, intercept } = scalingOf(image);
  return { volume, notWhole: slope === 1 && intercept === 0 ? undefined : notWholeHint(image) };
}

/** How often each value occurs. */
export function countValues(data: Float32Array): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (let start = 0; start < data.length; ) {
    let end = start + 1;
    while (end < data.length && Object.is(data[end], data[start])) end++;
    const value = data[start]! + 0; // -0 counts as 0
    const seen = counts.get(value);
    if (seen !== undefined || counts.size < MOST_VALUES) counts.set(value, (seen ?? 0) + end - start);
    start = end;
  }
  return counts;
}

/** What is wrong with the values of a label map: not whole, not declared, or not annotated in this case. */
export function checkLabelValues(
  values: ReadonlyMap<number, number>,
  dataset: Pick<Dataset, 'labels' | 'ignoreLabel'>,
  entry: Pick<DatasetCase, 'labels' | 'annotatedLabels'>,
): readonly Omit<Finding, 'case' | 'file'>[] {
  const { ignoreLabel } = dataset;
  const declared = new Set([0, ...(entry.labels ?? dataset.labels).map(({ value }) => value)]);
  if (ignoreLabel !== undefined) declared.add(ignoreLabel);
  const isLabel = (value: number) => Number.isInteger(value) && value >= 0;
  const noLabels = [...values].filter(([v]) => !isLabel(v));
  const undeclared = [...values].filter(([v]) => isLabel(v) && !declared.has(v));
  const unexpected = [...values].filter(
    ([v]) => v !== 0 && v !== ignoreLabel && declared.has(v) && entry.annotatedLabels?.includes(v) === false,
  );
  const findings: Omit<Finding, 'case' | 'file'>[] = [];
  if (noLabels.length > 0) {
    findings.push({
      code: 'label-not-integer',
      severity: 'error',
      message: `${describe(noLabels)}: no label values`,
      hint: 'Label maps hold whole numbers from 0; a map that was resampled by interpolation has to be made again.',
    });
  }
  if (undeclared.length > 0) {
    findings.push({
      code: 'label-undeclared',
      severity: 'error',
      message: `${describe(undeclared)}: not declared (${[...declared].join(', ')} are)`,
      hint: 'Declare the value in the description, or remove it from the label map.',
    });
  }
  if (unexpected.length > 0) {
    findings.push({
      code: 'label-not-annotated',
      severity: 'warning',
      message: `${describe(unexpected)}: not among the case's annotatedLabels`,
      hint: 'Add the value to annotatedLabels if it was annotated completely; it is not learned otherwise.',
    });
  }
  return findings;
}

function describe(values: readonly (readonly [number, number])[]): string {
  const shown = values.slice(0, 5).map(([value, count]) => `${short(value)} (${count} voxel${count === 1 ? '' : 's'})`);
  return `value ${shown.join(', ')}${values.length > 5 ? ` and ${values.length - 5} more values` : ''}`;
}

/** A number for people: whole ones exactly, others to four digits. */
export function short(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
}
