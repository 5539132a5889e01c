import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { isSegError, type Volume } from '@seg/core';
import type { Dataset, DatasetCase } from '../../dataset/dataset-types.ts';
import type { Finding, FindingCode } from '../../dataset/verification-report.ts';
import type { StoredGrid } from '../../fingerprint/common-orientation.ts';
import { gridDistance, gridOf } from '../../geometry/grid.ts';
import { axisCodesOf } from '../../geometry/orientation.ts';
import { readVolume } from '../files/index.ts';
import { describeMissingFile } from './describe-missing-file.ts';
import { checkLabelValues, countValues, readLabelValues, short } from './label-values.ts';

/** What the verification of a whole data set needs to know of one case. */
export interface CaseFacts {
  readonly findings: readonly Finding[];
  readonly files: number;
  /** Hash of the voxels of all channels; absent where a file could not be read. */
  readonly imageHash?: string;
  /** Hashes of the label maps that hold any foreground, by path. */
  readonly labelHashes: ReadonlyMap<string, string>;
  /** Values that occur in the label maps. */
  readonly labelValues: ReadonlySet<number>;
  readonly grid?: StoredGrid;
  /** What the files' headers contradict themselves in, said once for all files of the case. */
  readonly headerWarnings: ReadonlyMap<string, string>;
}

/** Voxels by which corners of an image's and its label map's grid may lie apart. */
const WARN_ABOVE = 0.01;
const ERROR_ABOVE = 0.5;

/** Relative difference of spacings that is more than rounding. */
const SPACING_TOLERANCE = 1e-3;

/** Reads all files of a case and reports everything that is wrong with them. */
export async function verifyCase(dataset: Dataset, entry: DatasetCase): Promise<CaseFacts> {
  const findings: Finding[] = [];
  let files = 0;
  const nameOf = (path: string) => relative(dataset.root, path).split(sep).join('/');
  const report = (severity: Finding['severity'], code: FindingCode, path: string, message: string, hint: string) =>
    findings.push({ code, severity, case: entry.id, file: nameOf(path), message, hint });
  const headerWarnings = new Map<string, string>();
  const onWarning = (path: string) => (message: string) => {
    if (!headerWarnings.has(message)) headerWarnings.set(message, nameOf(path));
  };
  const read = async <T>(path: string, reader: (path: string) => Promise<T>): Promise<T | undefined> => {
    if ((await stat(path).catch(() => undefined))?.isFile() !== true) {
      report(
        'error',
        'missing-file',
        path,
        await describeMissingFile(path),
        'Put the file there, or remove the case from the description.',
      );
      return undefined;
    }
    try {
      files++;
      return await reader(path);
    } catch (error) {
      const message = isSegError(error) ? error.problem : `cannot be read: ${(error as Error).message}`;
      const hint = (isSegError(error) ? error.hint : undefined) ?? 'Fetch or export the file again.';
      report('error', 'unreadable-file', path, message, hint);
      return undefined;
    }
  };

  const images: { path: string; volume: Volume<Float32Array> }[] = [];
  for (const path of entry.imagePaths) {
    const volume = await read(path, () => readVolume(path, { onWarning: onWarning(path) }));
    if (volume === undefined) continue;
    images.push({ path, volume });
    checkVoxels(volume, path);
    const first = images[0]!;
    if (first.path !== path) compareGrids(first, { path, volume }, 'the first channel');
  }
  const channels = images.reduce((sum, { volume }) => sum + volume.channels, 0);
  if (images.length === entry.imagePaths.length && channels !== dataset.channels.length) {
    report(
      'error',
      'channel-count',
      images[0]!.path,
      `${channels} channel(s), but the data set has ${dataset.channels.length} (${dataset.channels.join(', ')})`,
      'Correct the channel list of the description, or the file.',
    );
  }

  const labelHashes = new Map<string, string>();
  const labelValues = new Set<number>();
  for (const path of entry.labelPaths) {
    const label = await read(path, () => readLabelValues(path, onWarning(path)));
    if (label === undefined) continue;
    const { volume, notWhole } = label;
    if (images[0] !== undefined) compareGrids(images[0], { path, volume }, 'its image');
    const values = countValues(volume.data);
    for (const { severity, code, message, hint } of checkLabelValues(values, dataset, entry)) {
      report(severity, code, path, message, code === 'label-not-integer' ? (notWhole ?? hint) : hint);
    }
    if (volume.channels !== 1) {
      const hint = 'Join the channels into one map of label values, or list one file a reader.';
      report('error', 'channel-count', path, `the label map has ${volume.channels} channels`, hint);
    }
    for (const value of values.keys()) labelValues.add(value);
    const foreground = [...values.keys()].some((v) => v !== 0 && v !== dataset.ignoreLabel);
    if (foreground) labelHashes.set(path, hashOf([volume]));
    else
      report(
        'warning',
        'label-empty',
        path,
        'the label map holds no foreground',
        'Check that the structure is really absent from this case.',
      );
  }

  return {
    findings,
    files,
    labelHashes,
    labelValues,
    headerWarnings,
    ...(images.length === entry.imagePaths.length ? { imageHash: hashOf(images.map(({ volume }) => volume)) } : {}),
    ...(images[0] === undefined ? {} : { grid: storedGrid(images[0].volume) }),
  };

  function checkVoxels(volume: Volume<Float32Array>, path: string): void {
    const { data, shape, spacingMm } = volume;
    let notFinite = 0;
    let constant = true;
    const first = data[0]!;
    for (let i = 0; i < data.length; i++) {
      const value = data[i]!;
      if (value - value !== 0) notFinite++;
      else if (value !== first) constant = false;
    }
    if (notFinite > 0) {
      const hint = 'Replace them (with 0, or the value of air) before training: one is enough to spoil a network.';
      report('error', 'not-finite', path, `${notFinite} of ${data.length} voxels are NaN or infinite`, hint);
    } else if (constant) {
      report('warning', 'constant-image', path, `every voxel is ${first}`, 'Fetch or export the file again.');
    }
    const extent = shape.map((n, axis) => n * spacingMm[axis]!);
    if (Math.max(...extent) > 5000 || Math.min(...spacingMm) < 0.001) {
      const hint = 'The spacing must be in mm; correct the header, or set spacingMm of the case in seg.json.';
      report('warning', 'implausible-spacing', path, `spacing ${spacingMm.map(short).join(' x ')} mm (z, y, x)`, hint);
    }
  }

  function compareGrids(
    reference: { readonly path: string; readonly volume: Volume },
    other: { readonly path: string; readonly volume: Volume },
    what: string,
  ): void {
    const [a, b] = [reference.volume, other.volume];
    if (a.shape.join() !== b.shape.join()) {
      const message = `${b.shape.join(' x ')} voxels (z, y, x), but ${what} ${nameOf(reference.path)} has ${a.shape.join(' x ')}`;
      report(
        'error',
        'shape-mismatch',
        other.path,
        message,
        'Resample one onto the grid of the other, or pair the right files.',
      );
      return;
    }
    const ratio = Math.max(...a.spacingMm.map((s, axis) => Math.abs(b.spacingMm[axis]! / s - 1)));
    if (ratio > SPACING_TOLERANCE) {
      const message = `spacing ${b.spacingMm.map(short).join(' x ')} mm (z, y, x), but ${what} has ${a.spacingMm.map(short).join(' x ')}`;
      report(
        'error',
        'spacing-mismatch',
        other.path,
        message,
        'Find out which header is right and copy it to the other file.',
      );
      return;
    }
    const distance = gridDistance(gridOf(a), gridOf(b));
    if (distance > WARN_ABOVE) {
      const message = `lies up to ${short(distance)} voxels away from ${what} in space (axes ${axisCodesOf(b.affine)} and ${axisCodesOf(a.affine)})`;
      const hint = 'Find out which affine is right and copy it to the other file.';
      report(distance > ERROR_ABOVE ? 'error' : 'warning', 'affine-mismatch', other.path, message, hint);
    }
  }
}

function storedGrid({ affine, spacingMm }: Volume): StoredGrid {
  return { axisCodes: axisCodesOf(affine), spacingMm };
}

function hashOf(volumes: readonly Volume<Float32Array>[]): string {
  const hash = createHash('sha256');
  for (const { data, shape, channels } of volumes) {
    hash.update(`${channels},${shape.join()};`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
