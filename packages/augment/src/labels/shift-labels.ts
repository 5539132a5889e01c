import { SegError, type Triple } from '@seg/core';
import { checkLabelMap } from './morphology.ts';

/** Moves a label map by whole voxels (z, y, x); what enters is background, what leaves is lost. A new array. */
export function shiftLabels(label: Uint8Array, shape: Triple, shiftVoxels: Triple): Uint8Array {
  checkLabelMap('shiftLabels', label, shape);
  if (!shiftVoxels.every(Number.isInteger)) {
    throw new SegError('invalid-argument', {
      where: 'shiftLabels',
      problem: 'the shift must be whole voxels',
      got: shiftVoxels,
    });
  }
  const [depth, height, width] = shape;
  const [dz, dy, dx] = shiftVoxels;
  const output = new Uint8Array(label.length);
  for (let z = Math.max(0, dz); z < Math.min(depth, depth + dz); z++) {
    for (let y = Math.max(0, dy); y < Math.min(height, height + dy); y++) {
      const to = (z * height + y) * width;
      const from = ((z - dz) * height + (y - dy)) * width - dx;
      const [first, end] = [Math.max(0, dx), Math.min(width, width + dx)];
      if (end > first) output.set(label.subarray(from + first, from + end), to + first);
    }
  }
  return output;
}
