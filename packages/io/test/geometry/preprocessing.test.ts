import { createVolume, type Triple, type Volume } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type GeometryStep,
  generatePhantom,
  invertGeometry,
  type PreprocessingRecord,
  preprocessGeometry,
  replayGeometry,
} from '../../src/index.ts';

const oblique = [0.1, 0.2, 3, -20, -1.5, 0, 0.1, 7, 0, 2, -0.3, 5, 0, 0, 0, 1];

const loose = fc.array(
  fc.oneof(
    fc.constantFrom('RAS', 'LPS', 'PSR', 'SAL').map((axisCodes) => ({ kind: 'reorient', axisCodes }) as const),
    fc.nat(1).map((margin) => ({ kind: 'cropToNonzero', margin }) as const),
  ),
  { maxLength: 3 },
);

/** Steps that cut nothing but zeros: a second padding could cut into the voxels that a flip has moved. */
const steps: fc.Arbitrary<GeometryStep[]> = fc
  .tuple(
    loose,
    fc.tuple(fc.integer({ min: 6, max: 11 }), fc.integer({ min: 6, max: 11 }), fc.integer({ min: 6, max: 11 })),
    loose,
  )
  .map(([before, shape, after]) => [...before, { kind: 'cropOrPad', shape }, ...after]);

describe('preprocessGeometry', () => {
  it('is undone exactly where nothing is resampled, on a grid of equal numbers', () => {
    const shape: Triple = [5, 4, 6];
    const data = Int16Array.from({ length: 120 }, (_, i) => (i % 7 === 0 ? 0 : i));
    const volume = createVolume(data, shape, { affine: oblique });
    fc.assert(
      fc.property(steps, (list) => {
        const { volume: changed, record } = preprocessGeometry(volume, list);
        const stored = JSON.parse(JSON.stringify(record)) as PreprocessingRecord;
        expect(invertGeometry(changed, stored, { kind: 'image' })).toEqual(volume);
        expect(replayGeometry(volume, stored, { kind: 'image' })).toEqual(changed);
      }),
    );
  });

  it('brings labels to a new spacing and back to the exact grid with little loss', () => {
    const { image, label } = generatePhantom({ seed: 2 });
    const turned = (v: Volume) => createVolume(v.data, v.shape, { affine: oblique.map((a) => 2 * a) });
    const { volume, record } = preprocessGeometry(turned(image), [
      { kind: 'reorient', axisCodes: 'RAS' },
      { kind: 'resample', spacingMm: [2.5, 2.5, 2.5], interpolation: 'cubic' },
    ]);
    const target = turned(label) as Volume<Uint8Array>;
    const replayed = replayGeometry(target, record, { kind: 'labels' });
    expect(replayed.shape).toEqual(volume.shape);
    expect(replayed.affine).toEqual(volume.affine);
    const back = invertGeometry(replayed, record, { kind: 'labels' });
    expect(back.affine).toEqual(target.affine);
    expect(back.data.constructor).toBe(Uint8Array);
    for (const value of [1, 2, 3]) {
      let [both, either] = [0, 0];
      target.data.forEach((v, i) => {
        both += v === value && back.data[i] === value ? 2 : 0;
        either += (v === value ? 1 : 0) + (back.data[i] === value ? 1 : 0);
      });
      expect(both / either).toBeGreaterThan(0.95); // finer grid and back: only border voxels may change
    }
  });

  it('inverts probabilities channel by channel and fills what was cut away', () => {
    const data = new Float32Array(6 * 6 * 6);
    data[(3 * 6 + 3) * 6 + 2] = 5;
    data[(2 * 6 + 3) * 6 + 3] = 5;
    const { volume, record } = preprocessGeometry(createVolume(data, [6, 6, 6]), [
      { kind: 'cropToNonzero' },
      { kind: 'resample', spacingMm: [0.5, 0.5, 0.5] },
    ]);
    expect(volume.shape).toEqual([4, 2, 4]);
    const voxels = volume.data.length;
    const probabilities = createVolume(
      new Float32Array(2 * voxels).fill(0.25, 0, voxels).fill(0.75, voxels),
      volume.shape,
      {
        channels: 2,
        affine: volume.affine,
      },
    );
    const back = invertGeometry(probabilities, record, { kind: 'image', outside: 9 });
    expect(back.data.filter((v) => v === 0.25).length).toBe(4);
    expect(back.data.filter((v) => v === 0.75).length).toBe(4);
    expect(back.data.filter((v) => v === 9).length).toBe(2 * 216 - 8);
  });

  it('refuses volumes of another case', () => {
    const volume = createVolume(new Uint8Array(27).fill(1), [3, 3, 3]);
    const { record } = preprocessGeometry(volume, [{ kind: 'reorient', axisCodes: 'LPS' }]);
    const refused = expect.objectContaining({ code: 'shape-mismatch' });
    const larger = createVolume(new Uint8Array(64), [4, 4, 4]);
    const moved = createVolume(new Uint8Array(27), [3, 3, 3], { spacingMm: [1, 1, 1.5] });
    expect(() => replayGeometry(larger, record, { kind: 'labels' })).toThrow(refused);
    expect(() => replayGeometry(moved, record, { kind: 'labels' })).toThrow(refused);
    expect(() => invertGeometry(volume, record, { kind: 'labels' })).toThrow(refused);
    expect(() => preprocessGeometry(volume, [{ kind: 'rotate' } as never])).toThrow('unknown step');
  });
});
