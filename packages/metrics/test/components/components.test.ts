import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Connectivity, labelComponents, largestComponent } from '../../src/index.ts';
import { indexOf } from '../helpers.ts';

/** Components by flood fill, numbered by first voxel. */
function flood(mask: Uint8Array, shape: readonly number[], steps: number): Int32Array {
  const labels = new Int32Array(mask.length);
  const indices = Array.from(mask, (_, i) => indexOf(i, shape));
  let count = 0;
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || labels[start] !== 0) continue;
    labels[start] = ++count;
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (let other = 0; other < mask.length; other++) {
        if (mask[other] === 0 || labels[other] !== 0) continue;
        const gaps = indices[at]!.map((n, axis) => Math.abs(n - indices[other]![axis]!));
        if (Math.max(...gaps) <= 1 && gaps.reduce((a, b) => a + b, 0) <= steps) {
          labels[other] = count;
          open.push(other);
        }
      }
    }
  }
  return labels;
}

describe('labelComponents', () => {
  it('equals a flood fill', () => {
    const volumes = fc
      .array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 3 })
      .chain((shape) => fc.record({ shape: fc.constant(shape), bits: fc.infiniteStream(fc.boolean()) }));
    fc.assert(
      fc.property(volumes, ({ shape, bits }) => {
        const mask = Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Number(bits.next().value));
        const kinds: [Connectivity, number][] =
          shape.length === 3
            ? [
                [6, 1],
                [18, 2],
                [26, 3],
              ]
            : [
                [4, 1],
                [8, 2],
              ];
        for (const [connectivity, steps] of kinds) {
          expect(labelComponents(mask, { shape, connectivity }).labels).toEqual(flood(mask, shape, steps));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('counts voxels that touch at an edge or a corner by connectivity', () => {
    const count = (places: number[], connectivity?: Connectivity): number => {
      const mask = new Uint8Array(8);
      for (const place of places) mask[place] = 1;
      return labelComponents(mask, { shape: [2, 2, 2], ...(connectivity && { connectivity }) }).count;
    };
    expect([count([0, 7], 6), count([0, 7], 18), count([0, 7], 26), count([0, 7])]).toEqual([2, 2, 1, 1]);
    expect([count([0, 3], 6), count([0, 3], 18), count([0, 3], 26)]).toEqual([2, 1, 1]);
  });

  it('does not join across the ends of rows', () => {
    const mask = Uint8Array.of(0, 0, 1, 1, 0, 0);
    expect(labelComponents(mask, { shape: [2, 3], connectivity: 8 }).count).toBe(2);
  });

  it('joins many late-meeting branches and handles empty and full masks', () => {
    const [height, width] = [50, 1001];
    const comb = Uint8Array.from({ length: height * width }, (_, i) =>
      (i % width) % 2 === 0 || i >= (height - 1) * width ? 1 : 0,
    );
    expect(labelComponents(comb, { shape: [height, width], connectivity: 4 }).count).toBe(1);
    expect(labelComponents(new Uint8Array(8), { shape: [2, 2, 2] })).toMatchObject({ count: 0 });
    expect([...labelComponents(new Uint8Array(8).fill(1), { shape: [2, 2, 2] }).sizes]).toEqual([8]);
  });

  it('refuses a connectivity of other dimensions', () => {
    expect(() => labelComponents(new Uint8Array(4), { shape: [2, 2], connectivity: 26 })).toThrow(/4 \| 8/);
    expect(() => labelComponents(new Uint8Array(8), { shape: [2, 2, 2], connectivity: 8 })).toThrow(/6 \| 18 \| 26/);
    expect(() => labelComponents(new Uint8Array(8), { shape: [2, 2] })).toThrow(/every voxel/);
  });
});

describe('largestComponent', () => {
  it('keeps the largest, the first of equal ones, and nothing of nothing', () => {
    const map = Uint8Array.of(1, 0, 2, 2, 0, 1, 1, 0);
    expect([...largestComponent(map, { shape: [1, 8] })]).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
    expect([...largestComponent(map, { shape: [1, 8], label: 1 })]).toEqual([0, 0, 0, 0, 0, 1, 1, 0]);
    expect([...largestComponent(new Uint8Array(4), { shape: [2, 2] })]).toEqual([0, 0, 0, 0]);
  });
});
