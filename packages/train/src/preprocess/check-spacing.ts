import { SegError, type Triple, voxelCount } from '@seg/core';

/** Times that voxels may be coarser or finer than the plan's along an axis. */
const FAR = 100;

/** Voxels of the resampled image per stored voxel that may be meant, where it is large as well. */
const GROWTH = 1000;
const LARGE = 2 ** 26;

/** A grid on the axes of the plan. */
export interface MeasuredGrid {
  /** (z, y, x). */
  readonly shape: Triple;
  /** mm (z, y, x). */
  readonly spacingMm: Triple;
}

/**
 * Why an image cannot be brought to a plan's spacing, or undefined: voxels that are a hundred times coarser or finer along
 * an axis, or that would become more than 67 million and each a thousand. No scanner's images of one task differ so; headers
 * in another unit or without spacing do.
 */
export function farFromPlan({ shape, spacingMm }: MeasuredGrid, planMm: Triple): string | undefined {
  const ratios = spacingMm.map((mm, axis) => mm / planMm[axis]!);
  const target = shape.map((n, axis) => Math.max(1, Math.round(n * ratios[axis]!))) as unknown as Triple;
  const isFar = ratios.some((ratio) => ratio >= FAR || ratio <= 1 / FAR);
  const isLarge = voxelCount(target) > LARGE && voxelCount(target) > GROWTH * voxelCount(shape);
  if (!isFar && !isLarge) return undefined;
  return `spacing ${numbers(spacingMm)} mm (z, y, x), the plan's is ${numbers(planMm)}: ${shape.join(' x ')} voxels would be resampled to ${target.join(' x ')}`;
}

/**
 * Refuses an image that cannot be meant to be brought to a plan's spacing, before memory is taken.
 *
 * @throws SegError `limit-exceeded` with its spacing and the size that it would get.
 */
export function checkSpacing(where: string, grid: MeasuredGrid, planMm: Triple): void {
  const problem = farFromPlan(grid, planMm);
  if (problem !== undefined) throw new SegError('limit-exceeded', { where, problem, hint: SPACING_HINT });
}

/** What to do about such an image. */
export const SPACING_HINT = 'Is the header in another unit than mm, or without a spacing? Correct it.';

function numbers(values: Triple): string {
  return values.map((value) => Number(value.toPrecision(4))).join(' x ');
}
