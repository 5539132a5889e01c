import { SegError, type Triple, voxelCount } from '@seg/core';

/** Most values that resampling makes, voxels times channels: 8 GiB of float32, the most that readers accept. */
const MOST_VALUES = 2 ** 31;

/**
 * Refuses sizes that no memory is meant to hold, before any is taken: a spacing in another unit asks for billions of voxels.
 *
 * @throws SegError `limit-exceeded` above 2^31 values.
 */
export function checkResampledSize(
  from: { readonly shape: Triple; readonly spacingMm: Triple },
  shape: Triple,
  channels: number,
): void {
  if (voxelCount(shape) * channels <= MOST_VALUES) return;
  throw new SegError('limit-exceeded', {
    where: 'resample',
    problem: 'the result would have more voxels (z, y, x) than can be meant',
    got: `${shape.join(' x ')}${channels > 1 ? ` in ${channels} channels` : ''}, from ${from.shape.join(' x ')} of ${from.spacingMm.map((mm) => Number(mm.toPrecision(6))).join(' x ')} mm`,
    expected: `at most ${MOST_VALUES} values`,
    hint: 'Is the spacing in another unit than mm?',
  });
}
