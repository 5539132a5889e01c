import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { close, dilate, erode, open } from '../../src/index.ts';
import { boxMask } from '../helpers.ts';

const shape = [5, 6, 7];
const masks = fc.uint8Array({ minLength: 210, maxLength: 210, max: 1 });
const options = fc.record({
  structure: fc.constantFrom('cross' as const, 'full' as const),
  rounds: fc.integer({ min: 0, max: 3 }),
});
const not = (mask: Uint8Array): Uint8Array => mask.map((value) => 1 - value);

describe('morphology', () => {
  it('erosion of the object is dilation of the background', () => {
    fc.assert(
      fc.property(masks, options, fc.constantFrom(0 as const, 1 as const), (mask, how, border) => {
        const dilated = dilate(not(mask), { shape, ...how, border: border === 0 ? 1 : 0 });
        expect(erode(mask, { shape, ...how, border })).toEqual(not(dilated));
      }),
    );
  });

  it('opening only takes away, and a second time nothing more', () => {
    fc.assert(
      fc.property(masks, options, (mask, how) => {
        const opened = open(mask, { shape, ...how });
        expect(opened.every((value, i) => value <= mask[i]!)).toBe(true);
        expect(open(opened, { shape, ...how })).toEqual(opened);
      }),
    );
  });

  it('grows one voxel to a cross and to a cube', () => {
    const voxel = boxMask(
      [3, 3, 3],
      [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
    );
    const size = (mask: Uint8Array): number => mask.reduce((a, b) => a + b, 0);
    expect(size(dilate(voxel, { shape: [3, 3, 3] }))).toBe(7);
    expect(size(dilate(voxel, { shape: [3, 3, 3], structure: 'full' }))).toBe(27);
    expect(size(erode(new Uint8Array(27).fill(1), { shape: [3, 3, 3] }))).toBe(1);
    expect(size(erode(new Uint8Array(27).fill(1), { shape: [3, 3, 3], border: 1 }))).toBe(27);
    expect(size(erode(new Uint8Array(9).fill(1), { shape: [3, 3] }))).toBe(1);
    expect(size(erode(new Uint8Array(9).fill(1), { shape: [1, 3, 3] }))).toBe(0);
  });

  it('closes a gap and leaves the input alone', () => {
    const mask = Uint8Array.of(0, 1, 0, 1, 0);
    const before = mask.slice();
    expect([...close(mask, { shape: [1, 5], structure: 'full', border: 0 })]).toEqual([0, 0, 0, 0, 0]);
    const wide = new Uint8Array(15);
    wide.set(mask, 5);
    expect([...close(wide, { shape: [3, 5], structure: 'full' })].slice(5, 10)).toEqual([0, 1, 1, 1, 0]);
    expect(mask).toEqual(before);
  });

  it('refuses bad options', () => {
    const mask = new Uint8Array(4);
    expect(() => erode(mask, { shape: [2, 2], structure: 'ball' as 'full' })).toThrow(/cross \| full/);
    expect(() => erode(mask, { shape: [2, 2], rounds: -1 })).toThrow(/rounds/);
    expect(() => erode(mask, { shape: [2, 2], rounds: Number.NaN })).toThrow(/rounds/);
    expect(() => erode(mask, { shape: [2, 2], border: 2 as 1 })).toThrow(/border/);
    expect(() => erode(mask, { shape: [3, 2] })).toThrow(/every voxel/);
  });
});
