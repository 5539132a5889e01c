import { createVolume, type Triple, transformPoint } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crop, cropOrPad, cropToNonzero, extractBox, nonzeroBox, nonzeroMask, pad } from '../../src/index.ts';

const counting = createVolume(
  Int16Array.from({ length: 2 * 3 * 4 * 5 }, (_, i) => i + 1),
  [3, 4, 5],
  { channels: 2, affine: [0, 2, 0, 1, 1, 0, 0, 2, 0, 0, 3, 3, 0, 0, 0, 1] },
);

describe('extractBox', () => {
  it('takes and fills the right voxels, at the right places in the world', () => {
    const box = fc.record({
      start: fc.tuple(
        fc.integer({ min: -6, max: 6 }),
        fc.integer({ min: -6, max: 6 }),
        fc.integer({ min: -6, max: 6 }),
      ),
      shape: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })),
    });
    fc.assert(
      fc.property(box, ({ start, shape }) => {
        const result = extractBox(counting, { start, shape }, { value: -3 });
        expect(result.shape).toEqual(shape);
        const at = (c: number, z: number, y: number, x: number) =>
          z < 0 || y < 0 || x < 0 || z >= 3 || y >= 4 || x >= 5 ? -3 : counting.data[((c * 3 + z) * 4 + y) * 5 + x];
        let i = 0;
        for (let c = 0; c < 2; c++) {
          for (let z = 0; z < shape[0]; z++) {
            for (let y = 0; y < shape[1]; y++) {
              for (let x = 0; x < shape[2]; x++, i++) {
                if (result.data[i] !== at(c, z + start[0], y + start[1], x + start[2])) expect.unreachable();
              }
            }
          }
        }
        const first = transformPoint(result.affine, [0, 0, 0]);
        expect(first).toEqual(transformPoint(counting.affine, [start[2], start[1], start[0]]));
      }),
    );
  });

  it('undoes a pad by a crop', () => {
    const padded = pad(counting, { before: [1, 0, 2], after: [0, 3, 1], value: 9 });
    expect(padded.shape).toEqual([4, 7, 8]);
    expect(crop(padded, { start: [1, 0, 2], shape: counting.shape })).toEqual(counting);
  });

  it('cuts and fills about the centre, the odd voxel at the end', () => {
    const line = createVolume(Uint8Array.of(1, 2, 3, 4), [1, 1, 4]);
    expect([...cropOrPad(line, [1, 1, 7]).data]).toEqual([0, 1, 2, 3, 4, 0, 0]);
    expect([...cropOrPad(line, [1, 1, 1]).data]).toEqual([2]);
  });

  it('refuses boxes that a crop cannot have', () => {
    const refused = expect.objectContaining({ code: 'invalid-argument' });
    expect(() => crop(counting, { start: [0, 0, 1], shape: [3, 4, 5] })).toThrow(refused);
    expect(() => extractBox(counting, { start: [0.5, 0, 0], shape: [1, 1, 1] })).toThrow(refused);
    expect(() => extractBox(counting, { start: [0, 0, 0], shape: [0, 1, 1] })).toThrow(refused);
    expect(() => pad(counting, { before: [-1, 0, 0] })).toThrow(refused);
  });
});

describe('cropToNonzero', () => {
  it('finds the union of the channels and ignores NaN', () => {
    const data = new Float32Array(2 * 60);
    data[(1 * 4 + 2) * 5 + 3] = 1;
    data[60 + (2 * 4 + 1) * 5 + 3] = -2;
    data[0] = Number.NaN;
    const volume = createVolume(data, [3, 4, 5], { channels: 2 });
    expect(nonzeroBox(volume)).toEqual({ start: [1, 1, 3], shape: [2, 2, 1] });
    expect(nonzeroBox(volume, { margin: 1 })).toEqual({ start: [0, 0, 2], shape: [3, 4, 3] });
    expect(cropToNonzero(volume).volume.shape).toEqual([2, 2, 1]);
  });

  it('returns a volume of zeros whole', () => {
    const volume = createVolume(new Uint8Array(8), [2, 2, 2]);
    expect(nonzeroBox(volume)).toBeUndefined();
    expect(cropToNonzero(volume).volume).toEqual(volume);
  });
});

describe('nonzeroMask', () => {
  it('fills holes that are closed by faces, and only those', () => {
    const shape: Triple = [5, 5, 5];
    const data = new Float32Array(125);
    for (let z = 1; z < 4; z++) for (let y = 1; y < 4; y++) for (let x = 1; x < 4; x++) data[(z * 5 + y) * 5 + x] = 2;
    const centre = (2 * 5 + 2) * 5 + 2;
    data[centre] = 0;
    expect(nonzeroMask(createVolume(data, shape)).reduce((a, b) => a + b, 0)).toBe(27);
    data[centre + 1] = 0;
    const open = nonzeroMask(createVolume(data, shape));
    expect(open.reduce((a, b) => a + b, 0)).toBe(25);
    expect(open[centre]).toBe(0);
  });
});
