import { createVolume, Rng, type Triple } from '@seg/core';
import { describe, expect, it } from 'vitest';
import { LargestChannel, resample } from '../../src/index.ts';

/** The largest channel of all channels resampled at once. */
function whole(scores: Float32Array, shape: Triple, channels: number, target: Triple, thickSlices: 'auto' | 'never') {
  const spacingMm: Triple = [4, 1, 1];
  const { data } = resample(createVolume(scores, shape, { channels, spacingMm }), { shape: target }, { thickSlices });
  const voxels = target[0] * target[1] * target[2];
  return Uint8Array.from({ length: voxels }, (_, i) => {
    let best = 0;
    for (let c = 1; c < channels; c++) if (data[c * voxels + i]! > data[best * voxels + i]!) best = c;
    return best;
  });
}

function cut(scores: Float32Array, shape: Triple, channels: number, axis: 0 | 1 | 2, start: number, count: number) {
  const own = shape.map((n, i) => (i === axis ? count : n)) as unknown as Triple;
  const result = new Float32Array(channels * own[0] * own[1] * own[2]);
  let at = 0;
  for (let c = 0; c < channels; c++)
    for (let z = 0; z < own[0]; z++)
      for (let y = 0; y < own[1]; y++)
        for (let x = 0; x < own[2]; x++) {
          const place = [z, y, x];
          place[axis]! += start;
          result[at++] = scores[((c * shape[0] + place[0]!) * shape[1] + place[1]!) * shape[2] + place[2]!]!;
        }
  return { scores: result, shape: own, start };
}

describe('LargestChannel', () => {
  it('equals the largest of all channels resampled at once, whatever the axis and the slabs', () => {
    const rng = Rng.fromSeed(3);
    const channels = 4;
    for (let n = 0; n < 120; n++) {
      const size = () => 1 + Math.floor(rng.uniform() * 9);
      const shape: Triple = [size(), size(), size()];
      const target: Triple = n % 10 === 0 ? shape : [size(), size(), size()];
      const axis = (n % 3) as 0 | 1 | 2;
      const thickSlices = n % 2 === 0 ? 'auto' : 'never';
      // Few values, so that there are ties.
      const scores = Float32Array.from({ length: channels * shape[0] * shape[1] * shape[2] }, () =>
        Math.fround(Math.floor(rng.uniform() * 5) / 7),
      );
      const grid = createVolume(new Uint8Array(shape[0] * shape[1] * shape[2]), shape, { spacingMm: [4, 1, 1] });
      const largest = new LargestChannel(grid, channels, { axis, shape: target, thickSlices });
      for (let start = 0; start < shape[axis]; ) {
        const count = Math.min(shape[axis] - start, 1 + Math.floor(rng.uniform() * 3));
        largest.add(cut(scores, shape, channels, axis, start, count));
        start += count;
      }
      const { data, shape: got } = largest.result();
      expect(got).toEqual(target);
      expect(data).toEqual(whole(scores, shape, channels, target, thickSlices));
    }
  });

  it('refuses slabs out of order, and a result with planes missing', () => {
    const grid = createVolume(new Uint8Array(8), [2, 2, 2]);
    const largest = new LargestChannel(grid, 1, { axis: 0, shape: [2, 2, 2] });
    const slab = { scores: new Float32Array(4), shape: [1, 2, 2] as const, start: 1 };
    expect(() => largest.add(slab)).toThrow(/does not continue/);
    largest.add({ ...slab, start: 0 });
    expect(() => largest.result()).toThrow(/planes are missing/);
    expect(() => new LargestChannel(grid, 300, { axis: 0, shape: [2, 2, 2] })).toThrow(/256/);
  });
});

describe('sizes that cannot be meant', () => {
  it('are refused before memory is taken, with both sizes and the spacing', () => {
    const volume = createVolume(new Uint8Array(8), [2, 2, 2], { spacingMm: [2000, 2000, 2000] });
    expect(() => resample(volume, { spacingMm: [1, 1, 1] })).toThrow(
      /more voxels \(z, y, x\).*4000 x 4000 x 4000, from 2 x 2 x 2 of 2000 x 2000 x 2000 mm/,
    );
    expect(() => resample(volume, { shape: [3000, 3000, 3000] })).toThrow(/limit|can be meant/);
    expect(() => resample(volume, { like: { ...volume, shape: [3000, 3000, 3000] } })).toThrow(/can be meant/);
  });
});
