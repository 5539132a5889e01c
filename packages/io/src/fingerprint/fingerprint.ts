import { SegError, type Triple, type Volume, voxelCount, voxelVolumeMl } from '@seg/core';
import type { Dataset, DatasetCase, LabelMap } from '../dataset/dataset-types.ts';
import { nonzeroBox } from '../geometry/nonzero.ts';
import { axisCodesOf, parseAxisCodes } from '../geometry/orientation.ts';
import { commonOrientation } from './common-orientation.ts';
import type { CaseFingerprint, ChannelKind, Fingerprint } from './fingerprint-types.ts';
import { intensityStatistics, median } from './statistics.ts';

export interface FingerprintOptions {
  /** The cases to look at. Default: all that are annotated and not reserved for testing. */
  readonly cases?: readonly DatasetCase[];
  /** Most foreground voxels of a case that enter the intensity statistics, evenly spaced. Default 10 000. */
  readonly samplesPerCase?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Reads the annotated cases and describes them: spacings, sizes before and after the crop to non-zero, orientation,
 * intensities over foreground, class volumes (nnU-Net's fingerprint, Isensee et al. 2021). Voxels that nobody annotated
 * and those of classes that were not annotated in their case count nowhere.
 *
 * @throws SegError `invalid-argument` where no case is annotated, `shape-mismatch` where an image and its label map
 * differ in size, `aborted`, and what reading throws.
 */
export async function fingerprint(dataset: Dataset, options: FingerprintOptions = {}): Promise<Fingerprint> {
  const { samplesPerCase = 10_000, onProgress, signal } = options;
  const chosen = options.cases ?? dataset.cases.filter((c) => c.labelPaths.length > 0 && c.split !== 'test');
  if (chosen.length === 0) {
    throw new SegError('invalid-argument', {
      where: 'fingerprint',
      problem: 'no annotated case to look at',
      got: dataset.name,
      hint: 'Choose a data set with label maps.',
    });
  }
  const cases: CaseFingerprint[] = [];
  const samples: Float32Array[][] = dataset.channels.map(() => []);
  for (const entry of chosen) {
    if (signal?.aborted) {
      throw new SegError('aborted', { where: 'fingerprint', problem: 'stopped by the caller', cause: signal.reason });
    }
    const image = await entry.loadImage();
    const label = await entry.loadLabel();
    if (image.shape.join() !== label.shape.join()) {
      throw new SegError('shape-mismatch', {
        where: `case ${entry.id}`,
        problem: 'the image and its label map differ in size',
        got: label.shape,
        expected: image.shape,
        hint: 'Verify the data set to find all such cases.',
      });
    }
    const isForeground = foregroundOf(dataset, entry);
    cases.push(describeCase(entry.id, image, label, isForeground));
    const drawn = sampleForeground(image, label, isForeground, samplesPerCase);
    for (const [channel, values] of drawn.entries()) samples[channel]!.push(values);
    onProgress?.(cases.length, chosen.length);
  }
  return summarise(dataset, cases, samples);
}

/** Whether a value is a class that was annotated in a case: neither background nor what nobody annotated. */
function foregroundOf({ ignoreLabel }: Dataset, { annotatedLabels }: DatasetCase): (value: number) => boolean {
  return (value) => value !== 0 && value !== ignoreLabel && annotatedLabels?.includes(value) !== false;
}

function describeCase(
  id: string,
  image: Volume,
  label: LabelMap,
  isForeground: (value: number) => boolean,
): CaseFingerprint {
  const counts = new Map<number, number>();
  const { data } = label;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (isForeground(value)) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return {
    id,
    shape: image.shape,
    spacingMm: image.spacingMm,
    voxelVolumeMl: voxelVolumeMl(image),
    storedAxisCodes: axisCodesOf(image.affine),
    shapeAfterCrop: nonzeroBox(image)?.shape ?? image.shape,
    labelVoxels: Object.fromEntries([...counts].sort((a, b) => a[0] - b[0])),
  };
}

/** Evenly spaced foreground voxels of each channel; voxels that are not finite are left out. */
function sampleForeground(
  image: Volume<Float32Array>,
  label: LabelMap,
  isForeground: (value: number) => boolean,
  most: number,
): readonly Float32Array[] {
  const places: number[] = [];
  const { data } = label;
  let count = 0;
  for (let i = 0; i < data.length; i++) if (isForeground(data[i]!)) count++;
  const stride = Math.max(1, Math.ceil(count / most));
  for (let i = 0, seen = 0; i < data.length; i++) {
    if (isForeground(data[i]!) && seen++ % stride === 0) places.push(i);
  }
  const voxels = voxelCount(image.shape);
  return Array.from({ length: image.channels }, (_, channel) =>
    Float32Array.from(places, (place) => image.data[channel * voxels + place]!).filter(Number.isFinite),
  );
}

function summarise(
  dataset: Dataset,
  stored: readonly CaseFingerprint[],
  samples: readonly Float32Array[][],
): Fingerprint {
  const axisCodes = commonOrientation(
    stored.map(({ storedAxisCodes, spacingMm }) => ({ axisCodes: storedAxisCodes, spacingMm })),
  );
  const cases = axisCodes === undefined ? stored : stored.map((c) => turned(c, axisCodes));
  const triple = (of: (c: CaseFingerprint) => Triple): Triple => {
    const axis = (i: 0 | 1 | 2) => median(cases.map((c) => of(c)[i]));
    return [axis(0), axis(1), axis(2)];
  };
  return {
    schemaVersion: 1,
    name: dataset.name,
    ...(axisCodes === undefined ? {} : { axisCodes }),
    cases,
    medianSpacingMm: triple((c) => c.spacingMm),
    medianShape: triple((c) => c.shape),
    medianShapeAfterCrop: triple((c) => c.shapeAfterCrop),
    medianRelativeSizeAfterCrop: median(cases.map((c) => voxelCount(c.shapeAfterCrop) / voxelCount(c.shape))),
    channels: dataset.channels.map((name, channel) => {
      const foreground = intensityStatistics(joined(samples[channel]!));
      return { name, kind: channelKind(name), ...(foreground === undefined ? {} : { foreground }) };
    }),
    labels: dataset.labels.map(({ value, name }) => {
      const holding = cases.filter((c) => (c.labelVoxels[value] ?? 0) > 0);
      const volumes = holding.map((c) => c.labelVoxels[value]! * c.voxelVolumeMl);
      return { value, name, cases: holding.length, medianVolumeMl: volumes.length === 0 ? 0 : median(volumes) };
    }),
  };
}

/** The kind of a channel by its name: "CT" alone or as a word is CT. */
export function channelKind(name: string): ChannelKind {
  return /(^|[^a-z])ct([^a-z]|$)/i.test(name) ? 'ct' : 'other';
}

/** A case's sizes in the axis order that reorienting would give them. */
function turned(entry: CaseFingerprint, axisCodes: string): CaseFingerprint {
  const source = parseAxisCodes('fingerprint', entry.storedAxisCodes);
  const target = parseAxisCodes('fingerprint', axisCodes);
  // Codes are in x, y, z order, sizes in z, y, x order.
  const from = target.map(({ worldAxis }) => 2 - source.findIndex((s) => s.worldAxis === worldAxis));
  const turn = (sizes: Triple): Triple => [sizes[from[2]!]!, sizes[from[1]!]!, sizes[from[0]!]!];
  const { shape, spacingMm, shapeAfterCrop } = entry;
  return { ...entry, shape: turn(shape), spacingMm: turn(spacingMm), shapeAfterCrop: turn(shapeAfterCrop) };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}
