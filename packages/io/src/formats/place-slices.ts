import { SegError, type Triple } from '@seg/core';
import type { DicomPlacement } from './dicom-placement.ts';
import type { ItkImage } from './image-of-itk.ts';

/** Part of the distance of two slices that a slice may lie beside its place, and mm that rounding may cost anyway. */
const [mostDeviation, roundingMm] = [0.05, 0.02];

/** ITK takes slices for evenly spaced along their normal, whatever they say: here they are put where they say. */
export function placeSlices(where: string, image: ItkImage, slices: readonly DicomPlacement[]): ItkImage {
  if (slices.length === 1) return image; // one slice, or a file of many frames
  const series = new Set(slices.map((slice) => slice.series));
  if (series.size > 1) refuse(where, `the files are of ${series.size} series`, [...series].slice(0, 5));
  const multiple = slices.filter(({ frames }) => frames !== 1).length;
  if (multiple > 0) refuse(where, 'files of several frames lie among the slices', `${multiple} of ${slices.length}`);
  const first = slices[0]!.orientation;
  const positions = slices.flatMap(({ position }) => (position === undefined ? [] : [position]));
  if (first === undefined || positions.length < slices.length) {
    refuse(where, 'slices do not say where they lie', `${slices.length - positions.length} without position`);
  }
  for (const { orientation } of slices) {
    if (orientation?.every((v, i) => Math.abs(v - first![i]!) <= 1e-3) !== true) {
      refuse(where, 'the slices have different directions', [first, orientation]);
    }
  }
  if (image.size[2] !== slices.length) refuse(where, 'ITK read another number of slices', image.size[2]);

  const normal = [0, 1, 2].map((i) => image.direction[i * 3 + 2]!);
  const along = (p: Triple) => p.reduce((sum, v, i) => sum + v * normal[i]!, 0);
  const sorted = positions.toSorted((a, b) => along(a) - along(b));
  const [start, end] = [sorted[0]!, sorted.at(-1)!];
  const step = start.map((v, i) => (end[i]! - v) / (sorted.length - 1));
  const length = Math.hypot(...step);
  const deviation = Math.max(
    ...sorted.map((p, k) => Math.hypot(...p.map((v, i) => v - (start[i]! + k * step[i]!)))),
    Math.hypot(...start.map((v, i) => v - image.origin[i]!)),
  );
  if (!(length > roundingMm && deviation <= Math.max(roundingMm, mostDeviation * length))) {
    const gaps = sorted.slice(1).map((p, k) => Math.hypot(...p.map((v, i) => v - sorted[k]![i]!)));
    const range = `${Math.min(...gaps).toFixed(2)} to ${Math.max(...gaps).toFixed(2)} mm`;
    refuse(where, 'the slices are not evenly spaced: some are missing or there twice', range);
  }
  const direction = Array.from(image.direction);
  for (const i of [0, 1, 2]) direction[i * 3 + 2] = step[i]! / length;
  return { ...image, direction, spacing: [image.spacing[0]!, image.spacing[1]!, length] };
}

function refuse(where: string, problem: string, got: unknown): never {
  throw new SegError('corrupt-data', {
    where,
    problem,
    got,
    hint: 'Pass all slices of one series, each once, and no others.',
  });
}
