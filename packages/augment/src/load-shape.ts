import type { Triple } from '@seg/core';
import { type AugmentationConfig, checkAugmentationConfig, type Range } from './config.ts';

/**
 * The patch shape to cut from a volume so that a rotated and scaled patch of `outputShape` finds voxels at its corners:
 * the box around the rotated patch, times the largest scale, plus the largest shift.
 */
export function loadShape(config: AugmentationConfig, outputShape: Triple): Triple {
  checkAugmentationConfig(config);
  const { rotation, scale, shift, inPlaneOnly = false } = config;
  let size: number[] = [...outputShape];
  if (rotation !== undefined && rotation.probability > 0) {
    const ranges = (rotation.degrees.length === 3 ? rotation.degrees : Array(3).fill(rotation.degrees)) as Range[];
    // A full turn needs no more than the diagonal, which is reached at 90 degrees or before.
    const angles = ranges.map(([low, high]) => (Math.min(90, Math.max(-low, high, 0)) * Math.PI) / 180);
    const boxes = (inPlaneOnly ? [0] : [0, 1, 2]).map((axis) => boxAfterRotation(outputShape, axis, angles[axis]!));
    size = size.map((n, i) => Math.max(n, ...boxes.map((box) => box[i]!)));
  }
  const largest = scale !== undefined && scale.probability > 0 ? Math.max(1, scale.factor[1]) : 1;
  const moved = shift !== undefined && shift.probability > 0 ? Math.max(-shift.voxels[0], shift.voxels[1], 0) : 0;
  return size.map((n, i) =>
    inPlaneOnly && i === 0 ? outputShape[0] : Math.ceil(n * largest - 1e-6) + 2 * Math.ceil(moved),
  ) as unknown as Triple;
}

/** Largest extents of the box while it turns from 0 to the angle. */
function boxAfterRotation(shape: Triple, axis: number, angle: number): number[] {
  const [i, j] = [0, 1, 2].filter((a) => a !== axis) as [number, number];
  const extent = (a: number, b: number) => {
    const peak = Math.min(angle, Math.atan2(b, a));
    return a * Math.cos(peak) + b * Math.sin(peak);
  };
  const result: number[] = [...shape];
  result[i] = extent(shape[i]!, shape[j]!);
  result[j] = extent(shape[j]!, shape[i]!);
  return result;
}
