import { createVolume, SegError, type Volume } from '@seg/core';
import { gridDistance, gridOf } from '../geometry/grid.ts';

/** Voxels by which corners of channels may lie apart: headers are rounded, and registered images differ a little. */
const PLACE_TOLERANCE_VOXELS = 0.5;

/**
 * One volume with the channels of several, in their order; the geometry is the first one's.
 *
 * @throws SegError `shape-mismatch` where the grids differ in size or lie in different places.
 */
export function stackChannels(volumes: readonly Volume[], where = 'stackChannels'): Volume<Float32Array> {
  const [first] = volumes;
  if (first === undefined) throw new SegError('invalid-argument', { where, problem: 'no volumes given' });
  if (volumes.length === 1 && first.data instanceof Float32Array) return first as Volume<Float32Array>;
  const channels = volumes.reduce((sum, v) => sum + v.channels, 0);
  const data = new Float32Array(channels * first.shape[0] * first.shape[1] * first.shape[2]);
  let offset = 0;
  for (const volume of volumes) {
    if (volume.shape.join() !== first.shape.join()) {
      throw new SegError('shape-mismatch', {
        where,
        problem: 'the channels differ in size',
        got: volume.shape,
        expected: first.shape,
        hint: 'Resample the channels of a case onto one grid first.',
      });
    }
    const distance = gridDistance(gridOf(first), gridOf(volume));
    if (distance > PLACE_TOLERANCE_VOXELS) {
      throw new SegError('shape-mismatch', {
        where,
        problem: 'the channels lie in different places',
        got: `corners up to ${Number(distance.toPrecision(3))} voxels apart`,
        expected: `at most ${PLACE_TOLERANCE_VOXELS}`,
        hint: 'Resample the channels of a case onto one grid first, or correct the header that is wrong.',
      });
    }
    data.set(volume.data, offset);
    offset += volume.data.length;
  }
  const { shape, spacingMm, affine } = first;
  return createVolume(data, shape, { channels, spacingMm, affine });
}
