import { createVolume, type Triple, type Volume } from '@seg/core';
import { type LabelMap, type PreprocessingRecord, preprocessGeometry, replayGeometry } from '@seg/io';
import { IGNORED_CLASS } from '../data/cut-patch.ts';
import { checkSpacing } from './check-spacing.ts';

/**
 * How the values of one channel are brought to a common range.
 *
 * - `zScore`: minus the image's own mean, divided by its own standard deviation (MR and anything without units).
 * - `clipZScore`: clipped to [low, high], then minus `mean`, divided by `standardDeviation` of the training set's
 *   foreground (CT), of which voxels that nobody annotated are no part.
 */
export type Normalisation =
  | { readonly kind: 'zScore' }
  | {
      readonly kind: 'clipZScore';
      readonly low: number;
      readonly high: number;
      readonly mean: number;
      readonly standardDeviation: number;
    };

/** What happens to an image before the network sees it, as plain JSON. */
export interface Preprocessing {
  /** mm (z, y, x) of the network's voxels, after turning to RAS axes. */
  readonly spacingMm: Triple;
  /** One for each channel. */
  readonly normalisation: readonly Normalisation[];
}

/** An image as the network takes it, with the record that brings predictions back. */
export interface PreprocessedImage {
  readonly image: Volume<Float32Array>;
  readonly record: PreprocessingRecord;
}

/** Relative differences of spacing below this are rounding in file headers, not worth a resampling. */
const SAME_SPACING = 1e-3;

/**
 * Turns an image to RAS axes, normalises it and resamples it to the plan's spacing; the input is not changed.
 *
 * In nnU-Net's order, with its values: statistics are those of the image's own voxels, and the cubic spline, whose
 * swings beside sharp edges are clipped to the range of the normalised image, does not smear values that `clipZScore`
 * takes away.
 *
 * @throws SegError `limit-exceeded` for a spacing that is too far from the plan's to be meant (see `checkSpacing`).
 */
export function preprocessImage(
  volume: Volume,
  { spacingMm, normalisation }: Preprocessing,
  options: { readonly name?: string } = {},
): PreprocessedImage {
  const turned = preprocessGeometry(volume, [{ kind: 'reorient', axisCodes: 'RAS' }]);
  checkSpacing(options.name ?? 'preprocessImage', turned.volume, spacingMm);
  const image = normaliseVolume(turned.volume, normalisation);
  const differs = turned.volume.spacingMm.some((s, i) => Math.abs(s / spacingMm[i]! - 1) > SAME_SPACING);
  if (!differs) return { image, record: turned.record };
  const { volume: placed, record } = preprocessGeometry(image, [
    { kind: 'resample', spacingMm, interpolation: 'cubic', thickSlices: 'auto', clip: true },
  ]);
  return {
    image: placed as Volume<Float32Array>,
    record: { steps: [...turned.record.steps, ...record.steps] },
  };
}

function normaliseVolume(volume: Volume, normalisation: readonly Normalisation[]): Volume<Float32Array> {
  const data = Float32Array.from(volume.data);
  const voxels = data.length / volume.channels;
  normalisation.forEach((rule, c) => {
    normalise(data.subarray(c * voxels, (c + 1) * voxels), rule);
  });
  const { shape, channels, spacingMm, affine } = volume;
  return createVolume(data, shape, { channels, spacingMm, affine });
}

/** A label map on the grid of its preprocessed image, as classes: the place of each value in `values`, from 1. */
export function preprocessLabel(
  label: LabelMap,
  record: PreprocessingRecord,
  values: readonly number[],
  ignoreLabel?: number,
): Uint8Array {
  const { data } = replayGeometry(label, record, { kind: 'labels' });
  const classOf = new Map(values.map((value, i) => [value, i + 1]));
  if (ignoreLabel !== undefined) classOf.set(ignoreLabel, IGNORED_CLASS);
  return Uint8Array.from(data, (value) => (value === 0 ? 0 : (classOf.get(value) ?? 0)));
}

function normalise(values: Float32Array, rule: Normalisation): void {
  if (rule.kind === 'clipZScore') {
    const { low, high, mean, standardDeviation } = rule;
    for (let i = 0; i < values.length; i++) {
      values[i] = (Math.min(high, Math.max(low, values[i]!)) - mean) / Math.max(standardDeviation, 1e-8);
    }
    return;
  }
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  const deviation = Math.max(Math.sqrt(squares / values.length), 1e-8);
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! - mean) / deviation;
}
