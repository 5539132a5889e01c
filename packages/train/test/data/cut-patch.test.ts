import { Rng, type Triple, voxelCount } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutBox, cutPatch, drawOffset, indexForeground } from '../../src/data/cut-patch.ts';

const size = fc.integer({ min: 1, max: 7 });
const place = fc.integer({ min: -8, max: 8 });
const triple = fc.tuple(size, size, size);

describe('cutBox', () => {
  it('agrees with a voxel-by-voxel copy for boxes anywhere', () => {
    fc.assert(
      fc.property(triple, triple, fc.tuple(place, place, place), (shape, box, offset) => {
        const channels = 2;
        const data = Float32Array.from({ length: channels * voxelCount(shape) }, (_, i) => i + 1);
        const cut = cutBox(data, channels, shape, offset, box);
        let at = 0;
        for (let c = 0; c < channels; c++)
          for (let z = 0; z < box[0]; z++)
            for (let y = 0; y < box[1]; y++)
              for (let x = 0; x < box[2]; x++) {
                const p = [z + offset[0]!, y + offset[1]!, x + offset[2]!];
                const inside = p.every((v, a) => v >= 0 && v < shape[a]!);
                const from = ((c * shape[0] + p[0]!) * shape[1] + p[1]!) * shape[2] + p[2]!;
                expect(cut[at++]).toBe(inside ? from + 1 : 0);
              }
      }),
      { numRuns: 300 },
    );
  });
});

describe('drawOffset', () => {
  it('keeps the patch inside, or the volume in the middle of the patch', () => {
    fc.assert(
      fc.property(triple, triple, fc.integer(), (shape, patch, seed) => {
        const offset = drawOffset(shape, patch, undefined, Rng.fromSeed(seed));
        offset.forEach((o, axis) => {
          const spare = shape[axis]! - patch[axis]!;
          if (spare <= 0) expect(o).toBe(-Math.floor(-spare / 2));
          else expect(o >= 0 && o <= spare).toBe(true);
        });
      }),
    );
  });

  it('holds a foreground voxel of a class drawn uniformly, however rare the class', () => {
    const shape: Triple = [10, 10, 10];
    const label = new Uint8Array(1000);
    label.fill(1, 0, 400);
    label[999] = 2;
    const index = indexForeground(label);
    const rng = Rng.fromSeed(1);
    let rare = 0;
    for (let i = 0; i < 400; i++) {
      const { label: cut } = cutPatch(
        { info: { id: 'a', labelled: true }, shape, channels: 1, image: new Float32Array(1000), label },
        [3, 3, 3],
        [3, 3, 3],
        index,
        rng,
      );
      expect(cut.some((v) => v > 0)).toBe(true);
      if (cut.includes(2)) rare++;
    }
    expect(rare).toBeGreaterThan(160);
    expect(rare).toBeLessThan(240);
  });
});

describe('indexForeground', () => {
  it('lists at most 10 000 voxels of a class, spread over it, and leaves out ignored voxels', () => {
    const label = new Uint8Array(60_000).fill(1);
    label.fill(255, 0, 10_000);
    label.fill(0, 10_000, 20_000);
    label[59_999] = 3;
    const lists = indexForeground(label);
    expect(lists).toHaveLength(2);
    expect(lists[0]!.length).toBeLessThanOrEqual(10_000);
    expect(lists[0]!.length).toBeGreaterThan(7_000);
    expect(lists[0]![0]).toBe(20_000);
    expect([...lists[1]!]).toEqual([59_999]);
  });
});
