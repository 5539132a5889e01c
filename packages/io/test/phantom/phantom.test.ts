import { describe, expect, it } from 'vitest';
import { DEFAULT_ORGANS, generatePhantom, type PhantomOrgan } from '../../src/index.ts';

const sphere = (radius: number): PhantomOrgan => ({
  name: 'sphere',
  value: 5,
  parts: [{ centre: [0.5, 0.5, 0.5], radii: [radius, radius, radius] }],
  intensity: 1,
  intensitySd: 0,
  positionSd: 0,
  sizeSd: 0,
  rotationSd: 0,
});
const still = { deformation: 0, noise: 0, bias: 0, texture: 0 };

describe('generatePhantom', () => {
  it('gives the same phantom for the same seed and another for another', () => {
    const first = generatePhantom({ seed: 7 });
    expect(generatePhantom({ seed: 7 })).toEqual(first);
    const other = generatePhantom({ seed: 8 });
    expect(other.label.data).not.toEqual(first.label.data);
    expect(other.image.data).not.toEqual(first.image.data);
  });

  it('paints a sphere of the right volume, with partial volume at its border', () => {
    const { image, label } = generatePhantom({
      ...still,
      shape: [40, 40, 40],
      spacingMm: [2, 2, 2],
      organs: [sphere(0.3)],
    });
    const inside = label.data.reduce((n, v) => n + (v === 5 ? 1 : 0), 0);
    const expected = (4 / 3) * Math.PI * 12 ** 3;
    expect(Math.abs(inside / expected - 1)).toBeLessThan(0.01); // voxels of a ball of radius 12: about 0.3 %
    const brightest = Math.max(...image.data);
    // The mean signal is the sphere's share of the volume, for which voxels at the border must count in part.
    const share = image.data.reduce((sum, v) => sum + (v / brightest - 0.02) / 0.98, 0);
    expect(Math.abs(share / expected - 1)).toBeLessThan(0.01);
    expect(new Set(image.data).size).toBeGreaterThan(10);
  });

  it('follows the spacing: the same anatomy in mm, whatever the voxels', () => {
    const thick = generatePhantom({ ...still, shape: [10, 40, 40], spacingMm: [8, 2, 2], organs: [sphere(0.3)] });
    const inside = thick.label.data.reduce((n, v) => n + (v > 0 ? 1 : 0), 0);
    expect(Math.abs((inside * 4) / ((4 / 3) * Math.PI * 12 ** 3) - 1)).toBeLessThan(0.06);
    expect(thick.label.spacingMm).toEqual([8, 2, 2]);
  });

  it('has every organ in every default case, in sizes that differ between cases', () => {
    const sizes = Array.from({ length: 8 }, (_, seed) => {
      const { label, labels } = generatePhantom({ seed });
      return labels.map(({ value }) => label.data.reduce((n, v) => n + (v === value ? 1 : 0), 0));
    });
    for (const [liver, kidneys, spleen] of sizes as [number, number, number][]) {
      expect(liver).toBeGreaterThan(1500);
      expect(kidneys).toBeGreaterThan(250);
      expect(spleen).toBeGreaterThan(100);
      expect(liver).toBeGreaterThan(kidneys);
    }
    expect(new Set(sizes.map(String)).size).toBe(8);
  });

  it('has noise of the Rician kind: in air sigma * sqrt(pi / 2) on average', () => {
    const sigma = 0.05;
    const { image } = generatePhantom({ ...still, noise: sigma, shape: [24, 24, 24], organs: [sphere(0.4)] });
    const quiet = generatePhantom({ ...still, shape: [24, 24, 24], organs: [sphere(0.4)] }).image;
    const scale = Math.max(...quiet.data); // signal 1
    let sum = 0;
    let count = 0;
    quiet.data.forEach((v, i) => {
      if (v > 0.03 * scale) return;
      sum += image.data[i]! / scale;
      count++;
    });
    // Rice mean for signal 0.02, sigma 0.05: sigma * sqrt(pi/2) * (1 + 0.16 / 4 + ...), sampling error below 1 %.
    expect(Math.abs(sum / count / (sigma * Math.sqrt(Math.PI / 2) * 1.0396) - 1)).toBeLessThan(0.02);
  });

  it('puts the liver to the right and the spleen to the left of the patient', () => {
    const { label } = generatePhantom({ seed: 3 });
    const meanX = (value: number) => {
      let sum = 0;
      let count = 0;
      label.data.forEach((v, i) => {
        if (v !== value) return;
        sum += label.affine[0]! * (i % label.shape[2]) + label.affine[3]!;
        count++;
      });
      return sum / count;
    };
    expect(meanX(1)).toBeGreaterThan(10);
    expect(meanX(3)).toBeLessThan(-10);
  });

  it.each([
    { shape: [40, 40, 3] },
    { shape: [40, 40.5, 40] },
    { spacingMm: [1, 0, 1] },
    { noise: -1 },
    { bias: Number.NaN },
    { seed: 0.5 },
    { organs: [{ ...DEFAULT_ORGANS[0]!, value: 256 }] },
    { organs: [{ ...DEFAULT_ORGANS[0]!, parts: [{ centre: [0, 0, 0], radii: [0, 1, 1] }] }] },
  ])('refuses %j', (options) => {
    expect(() => generatePhantom(options as never)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });
});
