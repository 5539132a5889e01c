import { createVolume, SegError, type Triple, type Volume, type VoxelArray } from '@seg/core';
import type { LabelMap } from '../dataset/dataset-types.ts';
import type { Interpolation } from './axis-kernel.ts';
import { centredBox, extractBox, type VoxelBox } from './crop-pad.ts';
import { type Grid, gridDistance, gridOf } from './grid.ts';
import { nonzeroBox } from './nonzero.ts';
import { axisCodesOf } from './orientation.ts';
import { reorient } from './reorient.ts';
import { resample } from './resample.ts';
import { resampleLabels } from './resample-labels.ts';

/** A change of a volume's grid that `preprocessGeometry` can make; (z, y, x) order and mm. */
export type GeometryStep =
  | { readonly kind: 'reorient'; readonly axisCodes: string }
  | { readonly kind: 'cropToNonzero'; readonly margin?: number }
  | { readonly kind: 'crop'; readonly box: VoxelBox }
  | { readonly kind: 'cropOrPad'; readonly shape: Triple }
  | {
      readonly kind: 'resample';
      readonly spacingMm: Triple;
      /** For images; label maps are resampled label by label. Default `linear`. */
      readonly interpolation?: Interpolation;
      readonly thickSlices?: 'auto' | 'never';
      /** For images: clip to the range of the input, as `resample` does. Default false. */
      readonly clip?: boolean;
    };

/** One step as it was carried out: the grids on both sides of it and what it did. */
export interface RecordedStep {
  readonly before: Grid;
  readonly after: Grid;
  readonly action:
    | { readonly kind: 'reorient'; readonly from: string; readonly to: string }
    | { readonly kind: 'box'; readonly box: VoxelBox }
    | {
        readonly kind: 'resample';
        readonly spacingMm: Triple;
        readonly interpolation: Interpolation;
        readonly thickSlices: 'auto' | 'never';
        readonly clip?: boolean;
      };
}

/** What `preprocessGeometry` did to a volume, as plain JSON: enough to repeat it on another volume and to undo it. */
export interface PreprocessingRecord {
  readonly steps: readonly RecordedStep[];
}

/**
 * Carries out grid changes one after the other and records them.
 *
 * @returns the new volume and the record with which `replayGeometry` brings the label map onto the same grid and
 * `invertGeometry` brings predictions back to the input's exact grid.
 * @example
 * const { volume, record } = preprocessGeometry(image, [
 *   { kind: 'reorient', axisCodes: 'RAS' },
 *   { kind: 'cropToNonzero' },
 *   { kind: 'resample', spacingMm: [1, 1, 1], interpolation: 'cubic' },
 * ]);
 * const prediction = invertGeometry(labelsOfNetwork(volume), record, { kind: 'labels' });
 */
export function preprocessGeometry(
  volume: Volume,
  steps: readonly GeometryStep[],
): { readonly volume: Volume; readonly record: PreprocessingRecord } {
  const recorded: RecordedStep[] = [];
  let current: Volume = volume;
  for (const step of steps) {
    const action = resolve(current, step);
    const next = carryOut(current, action, 'image');
    recorded.push({ before: gridOf(current), after: gridOf(next), action });
    current = next;
  }
  return { volume: current, record: { steps: recorded } };
}

function resolve(volume: Volume, step: GeometryStep): RecordedStep['action'] {
  switch (step.kind) {
    case 'reorient':
      return { kind: 'reorient', from: axisCodesOf(volume.affine), to: step.axisCodes };
    case 'cropToNonzero': {
      const whole: VoxelBox = { start: [0, 0, 0], shape: volume.shape };
      return { kind: 'box', box: nonzeroBox(volume, { margin: step.margin ?? 0 }) ?? whole };
    }
    case 'crop':
      return { kind: 'box', box: step.box };
    case 'cropOrPad':
      return { kind: 'box', box: centredBox(volume.shape, step.shape) };
    case 'resample': {
      const { spacingMm, interpolation = 'linear', thickSlices = 'never', clip = false } = step;
      return { kind: 'resample', spacingMm, interpolation, thickSlices, ...(clip ? { clip } : {}) };
    }
    default:
      throw new SegError('invalid-argument', {
        where: 'preprocessGeometry',
        problem: 'unknown step',
        got: step,
        expected: 'reorient, cropToNonzero, crop, cropOrPad or resample',
      });
  }
}

function carryOut(volume: Volume, action: RecordedStep['action'], kind: 'image' | 'labels'): Volume {
  switch (action.kind) {
    case 'reorient':
      return reorient(volume, action.to);
    case 'box':
      return extractBox(volume, action.box);
    case 'resample': {
      const { spacingMm, interpolation, thickSlices, clip = false } = action;
      if (kind === 'labels') return resampleLabels(volume as LabelMap, { spacingMm }, { thickSlices });
      return resample(volume, { spacingMm }, { interpolation, thickSlices, clip });
    }
  }
}

/** Voxels by which the grid of a label map may differ from its image's before it is refused. */
const GRID_TOLERANCE = 0.1;

/**
 * Repeats a record on a further volume on the same grid: the label map of an image, say.
 *
 * @param options.kind how to resample; `labels` keeps whole numbers.
 * @throws SegError `shape-mismatch` where the volume does not lie on the grid that the record starts from.
 */
export function replayGeometry<T extends LabelMap>(
  labels: T,
  record: PreprocessingRecord,
  options: { readonly kind: 'labels' },
): T;
export function replayGeometry(
  volume: Volume,
  record: PreprocessingRecord,
  options: { readonly kind: 'image' },
): Volume;
export function replayGeometry(
  volume: Volume,
  record: PreprocessingRecord,
  { kind }: { readonly kind: 'image' | 'labels' },
): Volume {
  const first = record.steps[0];
  if (first !== undefined) checkGrid('replayGeometry', volume, first.before, GRID_TOLERANCE);
  let current = volume;
  for (const { action, after } of record.steps) current = onGrid(carryOut(current, action, kind), after);
  return current;
}

export interface InvertOptions {
  /** `labels` keeps whole numbers; `image` (for probabilities as well) interpolates linearly. */
  readonly kind: 'labels' | 'image';
  /** Value outside what was cut away. Default 0. */
  readonly outside?: number;
  /** How memberships become labels when resampling back. Default `argmax`, which leaves no gaps. */
  readonly rule?: 'threshold' | 'argmax';
}

/**
 * Undoes a record, last step first: reorientations and paddings exactly, crops by filling, resampling by resampling
 * back; the result lies on exactly the grid of the input of `preprocessGeometry` (the same affine, bit for bit).
 *
 * @param volume on the grid that the record ends with; any number of channels.
 * @throws SegError `shape-mismatch` where it lies on another grid.
 */
export function invertGeometry<T extends LabelMap>(
  volume: T,
  record: PreprocessingRecord,
  options: InvertOptions & { readonly kind: 'labels' },
): T;
export function invertGeometry(volume: Volume, record: PreprocessingRecord, options: InvertOptions): Volume;
export function invertGeometry(volume: Volume, record: PreprocessingRecord, options: InvertOptions): Volume {
  const { kind, outside = 0, rule = 'argmax' } = options;
  const last = record.steps[record.steps.length - 1];
  if (last !== undefined) checkGrid('invertGeometry', volume, last.after, GRID_TOLERANCE);
  let current = volume;
  for (const { action, before } of record.steps.toReversed()) {
    current = onGrid(undo(current, action, before, { kind, outside, rule }), before);
  }
  return current;
}

function undo(
  volume: Volume,
  action: RecordedStep['action'],
  before: Grid,
  { kind, outside, rule }: Required<InvertOptions>,
): Volume {
  switch (action.kind) {
    case 'reorient':
      return reorient(volume, action.from);
    case 'box': {
      const [z, y, x] = action.box.start;
      return extractBox(volume, { start: [-z || 0, -y || 0, -x || 0], shape: before.shape }, { value: outside });
    }
    case 'resample': {
      const { thickSlices } = action;
      const target = { shape: before.shape };
      if (kind === 'labels') return resampleLabels(volume as LabelMap, target, { thickSlices, rule });
      return resample(volume, target, { interpolation: 'linear', thickSlices });
    }
  }
}

/** The voxels on the recorded grid, whose numbers are free of the rounding of the way there. */
function onGrid<T extends VoxelArray>({ data, channels }: Volume<T>, { shape, spacingMm, affine }: Grid): Volume<T> {
  return createVolume(data, shape, { channels, spacingMm, affine });
}

function checkGrid(where: string, volume: Volume, grid: Grid, tolerance: number): void {
  const sameShape = volume.shape.join() === grid.shape.join();
  if (sameShape && gridDistance(grid, gridOf(volume)) <= tolerance) return;
  throw new SegError('shape-mismatch', {
    where,
    problem: sameShape
      ? 'the volume lies elsewhere than the record says'
      : 'the volume differs in size from the record',
    got: sameShape ? volume.affine : volume.shape,
    expected: sameShape ? grid.affine : grid.shape,
    hint: 'Use the record that belongs to this case.',
  });
}
