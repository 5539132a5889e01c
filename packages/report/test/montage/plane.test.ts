import { type Affine, createVolume } from '@seg/core';
import { describe, expect, it } from 'vitest';
import { type Plane, planeView, sliceMontage } from '../../src/index.ts';

const SHAPE = [6, 8, 10] as const;
const volume = (affine: Affine) =>
  createVolume(
    Float32Array.from({ length: 480 }, (_, i) => i % 50),
    SHAPE,
    { affine },
  );
// 2 x 3 x 4 mm voxels, the first at (-10, -20, -30).
const RAS: Affine = [2, 0, 0, -10, 0, 3, 0, -20, 0, 0, 4, -30, 0, 0, 0, 1];

describe('where a slice lies', () => {
  it('in mm and as a voxel of the file, slices counted from left, back and feet', () => {
    expect(planeView(volume(RAS), 'axial').position(2)).toEqual({ axis: 'z', mm: -30 + 2 * 4, index: 2 });
    expect(planeView(volume(RAS), 'coronal').position(0)).toEqual({ axis: 'y', mm: -20, index: 0 });
    expect(planeView(volume(RAS), 'sagittal').position(9)).toEqual({ axis: 'x', mm: -10 + 9 * 2, index: 9 });
  });

  it('of axes that run the other way', () => {
    // LPI: x to the left, y to the back, z to the feet.
    const lpi: Affine = [-2, 0, 0, 10, 0, -3, 0, 20, 0, 0, -4, 30, 0, 0, 0, 1];
    // The foot-most slice is the file's last: 30 - 5 * 4 mm.
    expect(planeView(volume(lpi), 'axial').position(0)).toEqual({ axis: 'z', mm: 10, index: 5 });
    expect(planeView(volume(lpi), 'sagittal').position(0)).toEqual({ axis: 'x', mm: 10 - 9 * 2, index: 9 });
  });

  it('of a file whose slices are sagittal', () => {
    // Voxel axes x, y, z run to the back, up and to the right.
    const turned: Affine = [0, 0, 4, 1, -2, 0, 0, 2, 0, 3, 0, 5, 0, 0, 0, 1];
    const sagittal = planeView(volume(turned), 'sagittal');
    expect(sagittal.count).toBe(6);
    expect(sagittal.position(3)).toEqual({ axis: 'x', mm: 1 + 3 * 4, index: 3 });
    expect(planeView(volume(turned), 'axial').position(7)).toEqual({ axis: 'z', mm: 5 + 7 * 3, index: 7 });
    // Coronal slices are counted from the back, where the voxel axis ends: y = 2 - 2 * 9.
    expect(planeView(volume(turned), 'coronal').position(0)).toEqual({ axis: 'y', mm: -16, index: 9 });
  });

  it('of a tilted volume: at the centre of the slice', () => {
    // z mixes voxel y in: at the centre of the slice (y 3.5), z = 0.5 * 3.5 + 4 k.
    const tilted: Affine = [2, 0, 0, 0, 0, 3, 0, 0, 0, 0.5, 4, 0, 0, 0, 0, 1];
    expect(planeView(volume(tilted), 'axial').position(1).mm).toBeCloseTo(1.75 + 4, 12);
  });
});

describe('directions of the patient', () => {
  it('by the radiologist’s convention', () => {
    const edges = (plane: Plane) => planeView(volume(RAS), plane).edges;
    expect(edges('axial')).toEqual({ left: 'R', right: 'L', top: 'A', bottom: 'P' });
    expect(edges('coronal')).toEqual({ left: 'R', right: 'L', top: 'S', bottom: 'I' });
    expect(edges('sagittal')).toEqual({ left: 'A', right: 'P', top: 'S', bottom: 'I' });
  });

  it('are drawn at the middles of the edges of a square', () => {
    const black = createVolume(new Float32Array(480), SHAPE, { affine: RAS });
    const picture = sliceMontage(black, [], { plane: 'coronal', slices: [0], tileSize: 101, framed: true });
    expect([picture.width, picture.height]).toEqual([101, 101]);
    const white = (left: number, top: number, right: number, bottom: number) => {
      let [count, first] = [0, Number.POSITIVE_INFINITY];
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          if (picture.data[4 * (y * 101 + x)] !== 255) continue;
          count++;
          first = Math.min(first, x);
        }
      }
      return { count, first };
    };
    // Dots of 2 x 2 pixels. An L is a column of 7 and a row of 5 that share one: 11 dots; an I is a column of 7 with a
    // head and a foot of 3: 11.
    const right = white(101 - 25, 40, 101, 61);
    expect(right.count).toBe(4 * 11);
    expect(white(40, 101 - 25, 61, 101).count).toBe(4 * 11);
    // R: rows 4 + 2 + 2 + 4 + 2 + 2 + 2; S: 4 + 1 + 1 + 3 + 1 + 1 + 4.
    expect(white(0, 40, 25, 61)).toEqual({ count: 4 * 18, first: 5 });
    expect(white(40, 0, 61, 25).count).toBe(4 * 15);
    // Nothing else is white.
    expect(white(0, 0, 101, 101).count).toBe(4 * (11 + 11 + 18 + 15));
  });

  it('a white letter shows on white voxels by its rim', () => {
    const bright = createVolume(
      Float32Array.from({ length: 480 }, (_, i) => (i < 80 ? 0 : 1)),
      SHAPE,
      { affine: RAS },
    );
    const { data } = sliceMontage(bright, [], { plane: 'sagittal', slices: [3], tileSize: 100, framed: true });
    // The slice of 24 x 24 mm fills the square. Left of the A, whose feet begin at pixel 5, below its narrow top.
    const row = (((100 - 14) >> 1) + 2) * 100;
    expect([2, 3, 4, 5].map((x) => data[4 * (row + x)])).toEqual([255, 0, 0, 255]);
  });
});
