import { SegError } from '@seg/core';
import { rint } from './rint.ts';

/**
 * First voxels of the windows that cover one axis evenly, as nnU-Net places them: ceil((size - window) / step) + 1
 * windows at most `(1 - overlap) * window` apart, positions rounded half to even. nnU-Net's `tile_step_size` is
 * 1 - overlap, with which the lists are nnU-Net's wherever windows are to be at least a voxel apart.
 *
 * @param size voxels along the axis, at least `windowSize`.
 * @param overlap in [0, 1): part of a window that the next one repeats at least.
 * @example windowStarts(110, 64, 0.5); // [0, 23, 46]
 */
export function windowStarts(size: number, windowSize: number, overlap = 0.5): number[] {
  if (!(Number.isInteger(size) && Number.isInteger(windowSize) && windowSize >= 1 && size >= windowSize)) {
    throw new SegError('invalid-argument', {
      where: 'windowStarts',
      problem: 'needs whole sizes with the window inside the axis',
      got: { size, windowSize },
      hint: 'Pad the volume first.',
    });
  }
  if (!(overlap >= 0 && overlap < 1)) {
    throw new SegError('invalid-argument', {
      where: 'windowStarts',
      problem: 'overlap must be in [0, 1)',
      got: overlap,
    });
  }
  const rest = size - windowSize;
  // Never less than a voxel apart, so that windows of one slice visit each slice once.
  const count = Math.ceil(rest / Math.max(1, windowSize * stepOf(overlap))) + 1;
  if (count === 1) return [0];
  return Array.from({ length: count }, (_, i) => rint((rest / (count - 1)) * i));
}

/** Largest denominator of a step that is meant exactly, such as 1 / 3 or 0.125. */
const DENOMINATORS = 1000;

/**
 * The step that is meant by an overlap, as a share of the window: the simple fraction that 1 - overlap is but for
 * rounding, if there is one. 1 - 0.9 is a little less than 0.1, and would need one more window where 0.1 just fits.
 */
function stepOf(overlap: number): number {
  const step = 1 - overlap;
  for (let denominator = 1; denominator <= DENOMINATORS; denominator++) {
    const fraction = Math.round(step * denominator) / denominator;
    if (Math.abs(fraction - step) <= Number.EPSILON) return fraction;
  }
  return step;
}
