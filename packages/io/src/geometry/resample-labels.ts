import { checkOption, createVolume, type Triple, type Volume } from '@seg/core';
import type { LabelMap } from '../dataset/dataset-types.ts';
import { gridPositions } from './axis-kernel.ts';
import { extractBox, type VoxelBox } from './crop-pad.ts';
import { type Grid, gridOf } from './grid.ts';
import { newVoxels } from './new-voxels.ts';
import { axisInterpolations, type ResampleTarget, resample, targetGrid } from './resample.ts';
import { type AxisInterpolations, resampleSeparably } from './resample-separably.ts';

export interface ResampleLabelsOptions {
  /** As in `resample`. Default `never`. */
  readonly thickSlices?: 'auto' | 'never';
  /**
   * How the interpolated memberships become labels: `threshold` (default) gives a voxel to the largest label value whose
   * membership is at least 0.5, else to the background (nnU-Net); `argmax` to the label with the largest membership, of
   * equals the smallest value, so that no gaps open between labels.
   */
  readonly rule?: 'threshold' | 'argmax';
}

/**
 * Resamples a label map label by label: each one's membership (0 or 1) is interpolated linearly, then the memberships
 * are joined again, which keeps borders smooth where nearest-neighbour sampling makes stairs. For `like`, labels are
 * taken from the nearest voxel, 0 outside.
 *
 * @returns the input's type and, for `threshold` and `argmax` alike, only values that the input has (and 0).
 * @throws SegError as `resample`.
 */
export function resampleLabels<T extends LabelMap>(
  volume: T,
  target: ResampleTarget,
  options: ResampleLabelsOptions = {},
): T {
  const thickSlices = checkOption('resampleLabels', 'thickSlices', options.thickSlices ?? 'never', ['auto', 'never']);
  const rule = checkOption('resampleLabels', 'rule', options.rule ?? 'threshold', ['threshold', 'argmax']);
  if ('like' in target) return resample(volume, target, { interpolation: 'nearest' }) as T;
  const grid: Grid = targetGrid(gridOf(volume), target, volume.channels);
  const kinds = axisInterpolations('linear', thickSlices, volume, target);
  const result = newVoxels<LabelMap['data']>(
    volume.data,
    volume.channels * grid.shape[0] * grid.shape[1] * grid.shape[2],
  );
  const { channels } = volume;
  const perChannel = volume.data.length / channels;
  for (let channel = 0; channel < channels; channel++) {
    const data = volume.data.subarray(channel * perChannel, (channel + 1) * perChannel);
    const one = createVolume(data, volume.shape);
    const size = result.length / channels;
    joinLabels(one, result.subarray(channel * size, (channel + 1) * size), grid.shape, kinds, rule);
  }
  const { shape, spacingMm, affine } = grid;
  return createVolume(result, shape, { channels, spacingMm, affine }) as T;
}

/** Memberships this close to 0.5 count as 0.5: rounding in single precision must not decide. */
const HALF = 0.5 - 1e-6;

function joinLabels(
  volume: Volume<LabelMap['data']>,
  result: LabelMap['data'],
  shape: Triple,
  kinds: AxisInterpolations,
  rule: 'threshold' | 'argmax',
): void {
  const best = rule === 'argmax' ? new Float32Array(result.length) : undefined;
  const boxes = labelBoxes(volume);
  for (const value of [...boxes.keys()].sort((a, b) => a - b)) {
    if (value === 0 && best === undefined) continue;
    const part = membership(volume, value, boxes.get(value)!, shape, kinds);
    for (let z = 0, i = 0; z < part.shape[0]; z++) {
      for (let y = 0; y < part.shape[1]; y++) {
        let out = ((z + part.start[0]) * shape[1] + y + part.start[1]) * shape[2] + part.start[2];
        for (let x = 0; x < part.shape[2]; x++, i++, out++) {
          const share = part.data[i]!;
          if (best === undefined) {
            if (share >= HALF) result[out] = value;
          } else if (share > best[out]! + 1e-6) {
            best[out] = share;
            result[out] = value;
          }
        }
      }
    }
  }
}

interface PartialMembership extends VoxelBox {
  readonly data: Float32Array;
}

/** A label's membership at the outputs that its box can reach. */
function membership(
  volume: Volume<LabelMap['data']>,
  value: number,
  box: VoxelBox,
  shape: Triple,
  kinds: AxisInterpolations,
): PartialMembership {
  const ranges = ([0, 1, 2] as const).map((axis) => {
    const length = volume.shape[axis];
    const from = Math.max(0, box.start[axis] - 1);
    const to = Math.min(length, box.start[axis] + box.shape[axis] + 1);
    const all = gridPositions(length, shape[axis]);
    const reached = (p: number) => p >= box.start[axis] - 1 && p <= box.start[axis] + box.shape[axis];
    const first = all.findIndex(reached);
    const last = all.findLastIndex(reached);
    const positions = first < 0 ? new Float64Array(0) : all.slice(first, last + 1).map((p) => p - from);
    return { from, size: to - from, first: Math.max(0, first), positions };
  }) as unknown as readonly [Range, Range, Range];
  const [rz, ry, rx] = ranges;
  const start: Triple = [rz.first, ry.first, rx.first];
  const partShape: Triple = [rz.positions.length, ry.positions.length, rx.positions.length];
  if (partShape.includes(0)) return { start, shape: partShape, data: new Float32Array(0) };
  const cut = extractBox(volume, { start: [rz.from, ry.from, rx.from], shape: [rz.size, ry.size, rx.size] });
  const mask = Float32Array.from(cut.data, (v) => (v === value ? 1 : 0));
  const positions = ranges.map((r) => r.positions);
  const data = resampleSeparably(mask, [1, ...cut.shape], positions, kinds) as Float32Array;
  return { start, shape: partShape, data };
}

interface Range {
  readonly from: number;
  readonly size: number;
  readonly first: number;
  readonly positions: Float64Array;
}

/** The bounding box of each value. */
function labelBoxes({ data, shape }: Volume<LabelMap['data']>): ReadonlyMap<number, VoxelBox> {
  const bounds = new Map<number, Int32Array>();
  const [depth, height, width] = shape;
  let value = Number.NaN;
  let box: Int32Array = new Int32Array(6);
  for (let z = 0, i = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (data[i] !== value) {
          value = data[i]!;
          box = bounds.get(value) ?? Int32Array.of(depth, -1, height, -1, width, -1);
          bounds.set(value, box);
        }
        if (z < box[0]!) box[0] = z;
        if (z > box[1]!) box[1] = z;
        if (y < box[2]!) box[2] = y;
        if (y > box[3]!) box[3] = y;
        if (x < box[4]!) box[4] = x;
        if (x > box[5]!) box[5] = x;
      }
    }
  }
  return new Map(
    [...bounds].map(([label, [z0, z1, y0, y1, x0, x1]]) => [
      label,
      { start: [z0!, y0!, x0!], shape: [z1! - z0! + 1, y1! - y0! + 1, x1! - x0! + 1] },
    ]),
  );
}
