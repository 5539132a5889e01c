import { type Rng, type Triple, voxelCount } from '@seg/core';
import { type CaseInfo, isAnnotated, type TrainingCase } from './training-case.ts';

/** Voxels that patches may be centred on: a list for each class, of at most 10 000 voxels, evenly spread. */
export type ForegroundIndex = readonly Uint32Array[];

const MAX_VOXELS_PER_LIST = 10_000;

/** Value of label maps for voxels that nobody annotated. */
export const IGNORED_CLASS = 255;

/** Lists where the annotated classes of a label map are; a class without voxels is left out. */
export function indexForeground(label: Uint8Array, info: Pick<CaseInfo, 'annotated'> = {}): ForegroundIndex {
  return indexVoxels(label, (c) => (c !== 0 && c !== IGNORED_CLASS && isAnnotated(info, c) ? c : undefined));
}

/**
 * Lists in one where somebody annotated, background included, for label maps that have ignored voxels; empty for the
 * others, of which every place will do.
 */
export function indexAnnotated(label: Uint8Array): ForegroundIndex {
  return label.includes(IGNORED_CLASS) ? indexVoxels(label, (c) => (c === IGNORED_CLASS ? undefined : 0)) : [];
}

/** The voxels of the values that belong to a list, by list; empty lists are left out. */
function indexVoxels(label: Uint8Array, listOf: (value: number) => number | undefined): ForegroundIndex {
  const target = Int16Array.from({ length: 256 }, (_, value) => listOf(value) ?? -1);
  const counts = new Uint32Array(256);
  for (let i = 0; i < label.length; i++) {
    const list = target[label[i]!]!;
    if (list >= 0) counts[list]!++;
  }
  const strides = counts.map((n) => Math.max(1, Math.ceil(n / MAX_VOXELS_PER_LIST)));
  const lists = Array.from(counts, (n, list) => new Uint32Array(Math.ceil(n / strides[list]!)));
  const seen = new Uint32Array(256);
  for (let i = 0; i < label.length; i++) {
    const list = target[label[i]!]!;
    if (list < 0) continue;
    if (seen[list]! % strides[list]! === 0) lists[list]![seen[list]! / strides[list]!] = i;
    seen[list]!++;
  }
  return lists.filter((list) => list.length > 0);
}

/**
 * Where a patch begins (z, y, x): uniform over all places inside the volume, or centred on a voxel of a list drawn
 * uniformly and then moved inside. A volume smaller than the patch lies in its middle, so offsets can be negative.
 */
export function drawOffset(
  shape: Triple,
  patchSize: Triple,
  foreground: ForegroundIndex | undefined,
  rng: Rng,
): Triple {
  let centre: readonly number[] | undefined;
  if (foreground !== undefined && foreground.length > 0) {
    const voxels = rng.choice(foreground);
    const voxel = voxels[rng.integer(voxels.length)]!;
    const [, height, width] = shape;
    centre = [Math.floor(voxel / (height * width)), Math.floor(voxel / width) % height, voxel % width];
  }
  return shape.map((size, axis) => {
    const spare = size - patchSize[axis]!;
    if (spare <= 0) return -Math.floor(-spare / 2);
    if (centre === undefined) return rng.integer(spare + 1);
    return Math.min(spare, Math.max(0, centre[axis]! - Math.floor(patchSize[axis]! / 2)));
  }) as unknown as Triple;
}

/** Copies the box at `offset` out of [channel][z][y][x] data; outside of the volume it is `outside`, by default 0. */
export function cutBox<T extends Float32Array | Uint8Array>(
  data: T,
  channels: number,
  shape: Triple,
  offset: Triple,
  size: Triple,
  outside = 0,
): T {
  const result = new (data.constructor as new (length: number) => T)(channels * voxelCount(size));
  if (outside !== 0) result.fill(outside);
  const [depth, height, width] = shape;
  const begin = size.map((n, axis) => Math.max(0, -offset[axis]!) && Math.min(n, -offset[axis]!));
  const end = size.map((n, axis) => Math.max(0, Math.min(n, shape[axis]! - offset[axis]!)));
  const row = end[2]! - begin[2]!;
  if (row <= 0) return result;
  for (let c = 0; c < channels; c++) {
    for (let z = begin[0]!; z < end[0]!; z++) {
      for (let y = begin[1]!; y < end[1]!; y++) {
        const from = ((c * depth + z + offset[0]) * height + y + offset[1]) * width + begin[2]! + offset[2];
        result.set(data.subarray(from, from + row) as never, ((c * size[0] + z) * size[1] + y) * size[2] + begin[2]!);
      }
    }
  }
  return result;
}

/**
 * The patch of a case that a draw names: image [channel][z][y][x] and label [z][y][x] (0 where there is none, `outside`
 * beyond the volume, by default 0).
 */
export function cutPatch(
  source: TrainingCase,
  patchSize: Triple,
  loadSize: Triple,
  foreground: ForegroundIndex | undefined,
  rng: Rng,
  outside = 0,
): { readonly image: Float32Array; readonly label: Uint8Array } {
  const offset = drawOffset(source.shape, patchSize, foreground, rng);
  const start = offset.map((o, axis) => o - Math.floor((loadSize[axis]! - patchSize[axis]!) / 2)) as unknown as Triple;
  const image = cutBox(source.image, source.channels, source.shape, start, loadSize);
  const label =
    source.label === undefined
      ? new Uint8Array(voxelCount(loadSize))
      : cutBox(source.label, 1, source.shape, start, loadSize, outside);
  return { image, label };
}
