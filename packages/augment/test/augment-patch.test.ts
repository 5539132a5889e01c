import { Rng, type Triple } from '@seg/core';
import { describe, expect, it } from 'vitest';
import {
  type AugmentationConfig,
  augmentPatch,
  checkAugmentationConfig,
  lightAugmentation,
  nnunetAugmentation,
  nnunetAugmentation2d,
  type Patch,
} from '../src/index.ts';

const shape: Triple = [8, 10, 12];
const voxels = 960;

function phantom(channels = 1): Required<Patch> {
  const image = Rng.fromSeed(5).fillNormal(new Float32Array(channels * voxels));
  const label = Uint8Array.from({ length: voxels }, (_, i) => (i % 12 > 3 && i % 12 < 9 ? (i < 480 ? 1 : 2) : 0));
  return { image, label, shape };
}

/** A config in which everything happens. */
const everything: AugmentationConfig = {
  rotation: { probability: 1, degrees: [-30, 30] },
  scale: { probability: 1, factor: [0.7, 1.4], perAxis: true },
  shift: { probability: 1, voxels: [-2, 2] },
  elastic: { probability: 1, standardDeviationVoxels: [0.5, 1], controlSpacingVoxels: 4 },
  stretch: { probability: 1, strength: [0.1, 0.2], radiusFraction: 0.4 },
  gaussianNoise: { probability: 1, standardDeviation: [0, 0.1] },
  ricianNoise: { probability: 1, standardDeviation: [0, 0.1] },
  gaussianBlur: { probability: 1, channelProbability: 0.5, sigmaVoxels: [0.5, 1] },
  brightness: { probability: 1, factor: [0.75, 1.25] },
  contrast: { probability: 1, factor: [0.75, 1.25] },
  lowResolution: { probability: 1, channelProbability: 0.5, zoom: [0.5, 1] },
  gammaInverted: { probability: 1, gamma: [0.7, 1.5] },
  gamma: { probability: 1, gamma: [0.7, 1.5] },
  mirror: { probability: 0.5, axes: [0, 1, 2] },
};

describe.each([
  ['nnunetAugmentation', nnunetAugmentation],
  ['nnunetAugmentation2d', nnunetAugmentation2d],
  ['lightAugmentation', lightAugmentation],
  ['everything', everything],
])('%s', (_, config) => {
  it('depends on the generator alone and leaves its input alone', () => {
    const patch = phantom(2);
    const image = patch.image.slice();
    for (let seed = 0; seed < 10; seed++) {
      const one = augmentPatch(patch, config, Rng.fromSeed(seed));
      expect(augmentPatch(patch, config, Rng.fromSeed(seed))).toEqual(one);
      expect(one.image.length).toBe(2 * voxels);
      expect(one.image.every(Number.isFinite)).toBe(true);
      expect([...new Set(one.label)].every((value) => value <= 2)).toBe(true);
    }
    expect(patch.image).toEqual(image);
  });

  it('survives JSON', () => {
    const copy = JSON.parse(JSON.stringify(config)) as AugmentationConfig;
    const patch = phantom();
    expect(augmentPatch(patch, copy, Rng.fromSeed(1))).toEqual(augmentPatch(patch, config, Rng.fromSeed(1)));
  });
});

describe('augmentPatch', () => {
  it('moves image and label together', () => {
    const { label } = phantom();
    const image = Float32Array.from(label, (v) => (v > 0 ? 1 : 0));
    const { rotation, scale, shift, elastic, mirror } = everything;
    const spatial = { rotation, scale, shift, elastic, mirror } as AugmentationConfig;
    for (let seed = 0; seed < 20; seed++) {
      const result = augmentPatch({ image, label, shape }, spatial, Rng.fromSeed(seed));
      let agree = 0;
      for (let i = 0; i < voxels; i++) if (result.image[i]! > 0.5 === result.label![i]! > 0) agree++;
      // Linear interpolation at one half and the nearest voxel differ only beside curved edges.
      expect(agree / voxels).toBeGreaterThan(0.9);
    }
  });

  it('warps several label maps alike', () => {
    const { image, label } = phantom();
    const both = new Uint8Array(2 * voxels);
    both.set(label);
    both.set(label, voxels);
    const result = augmentPatch({ image, label: both, shape }, everything, Rng.fromSeed(2));
    expect(result.label!.subarray(0, voxels)).toEqual(result.label!.subarray(voxels));
  });

  it('crops to the output shape, with and without a spatial transform', () => {
    const patch = phantom();
    const outputShape: Triple = [4, 6, 8];
    const cropped = augmentPatch(patch, {}, Rng.fromSeed(1), { outputShape });
    expect(cropped.image[0]).toBe(patch.image[(2 * 10 + 2) * 12 + 2]);
    expect(augmentPatch(patch, everything, Rng.fromSeed(1), { outputShape }).label!.length).toBe(192);
    expect(() => augmentPatch(patch, {}, Rng.fromSeed(1), { outputShape: [9, 6, 8] })).toThrow(/must fit/);
  });

  it('labels what lies outside of the patch as asked for', () => {
    const patch: Patch = { image: new Float32Array(8), label: new Uint8Array(8).fill(1), shape: [1, 1, 8] };
    const shift = { probability: 1, voxels: [2, 2] as const };
    const moved = (options: object, border: 0 | 'edge' = 0) =>
      [...augmentPatch(patch, { shift, border, inPlaneOnly: false }, Rng.fromSeed(1), options).label!].sort(
        (a, b) => a - b,
      );
    expect(moved({})).toEqual(Array(8).fill(0));
    expect(moved({ outsideLabel: 255 })).toEqual(Array(8).fill(255));
    expect(moved({ outsideLabel: 255 }, 'edge')).toEqual(Array(8).fill(1));
  });

  it('does nothing in each slice direction when in-plane only', () => {
    // Every slice is constant, so a transform within slices that stays inside changes nothing.
    const image = Float32Array.from({ length: voxels }, (_, i) => Math.floor(i / 120));
    const { rotation, scale, lowResolution } = everything;
    const config = { inPlaneOnly: true, border: 'edge', rotation, scale, lowResolution } as AugmentationConfig;
    const result = augmentPatch({ image, shape }, config, Rng.fromSeed(3)).image;
    for (let i = 0; i < voxels; i++) expect(result[i]).toBeCloseTo(image[i]!, 4);
  });

  it('applies transforms as often as the config says', () => {
    const patch: Patch = { image: Float32Array.of(1, 2, 3, 4), shape: [1, 1, 4] };
    const rng = Rng.fromSeed(9);
    let mirrored = 0;
    let brightened = 0;
    let above = 0;
    for (let i = 0; i < 4000; i++) {
      const { image } = augmentPatch(
        patch,
        { brightness: { probability: 0.3, factor: [0.5, 3] }, mirror: { probability: 0.5, axes: [2] } },
        rng,
      );
      const factor = image[0]! + image[3]!;
      if (image[0]! > image[3]!) mirrored++;
      if (Math.abs(factor - 5) > 1e-9) brightened++;
      if (factor > 5) above++;
    }
    // Five standard errors of a binomial with 4000 draws.
    expect(Math.abs(mirrored / 4000 - 0.5)).toBeLessThan(0.04);
    expect(Math.abs(brightened / 4000 - 0.3)).toBeLessThan(0.037);
    // A range across 1 is drawn from either side equally often, however long the sides are.
    expect(Math.abs(above / brightened - 0.5)).toBeLessThan(0.073);
  });

  it('draws as nnU-Net 2 where the config says so', () => {
    const rng = Rng.fromSeed(11);
    // Scales uniformly from the whole range: a bar of 40 of 80 voxels becomes 40 / factor, longer in 3 of 7 draws.
    const bar = Float32Array.from({ length: 80 }, (_, i) => (i >= 20 && i < 60 ? 1 : 0));
    const longer = (balanced: boolean) => {
      let count = 0;
      for (let i = 0; i < 2000; i++) {
        const scale = { probability: 1, factor: [0.7, 1.4], balanced } as const;
        const { image } = augmentPatch({ image: bar, shape: [1, 1, 80] }, { scale }, rng);
        if (image.reduce((a, b) => a + b, 0) > 40) count++;
      }
      return count / 2000;
    };
    // Five standard errors of a binomial with 2000 draws.
    expect(Math.abs(longer(false) - 3 / 7)).toBeLessThan(0.056);
    expect(Math.abs(longer(true) - 1 / 2)).toBeLessThan(0.056);

    const channelsAlike = (sameInChannels: boolean) => {
      const gaussianNoise = { probability: 1, standardDeviation: [1, 1], sameInChannels } as const;
      const { image } = augmentPatch({ image: new Float32Array(2 * voxels), shape }, { gaussianNoise }, rng);
      expect(image.some((v) => v !== 0)).toBe(true);
      return image.subarray(0, voxels).every((v, i) => v === image[voxels + i]);
    };
    expect([channelsAlike(true), channelsAlike(false)]).toEqual([true, false]);

    // A blurred point is as wide along each axis where one sigma is drawn, else not.
    const widths = (perAxis: boolean) => {
      const point = new Float32Array(9 ** 3);
      point[4 * 81 + 4 * 9 + 4] = 1;
      const gaussianBlur = { probability: 1, sigmaVoxels: [0.5, 1], perAxis } as const;
      const { image } = augmentPatch({ image: point, shape: [9, 9, 9] }, { gaussianBlur }, rng);
      return [3 * 81 + 4 * 9 + 4, 4 * 81 + 3 * 9 + 4, 4 * 81 + 4 * 9 + 3].map((i) => image[i]!.toFixed(6));
    };
    expect([new Set(widths(false)).size, new Set(widths(true)).size]).toEqual([1, 3]);
  });

  it('names what is wrong with a config', () => {
    const bad = (config: unknown) => () => checkAugmentationConfig(config as AugmentationConfig);
    expect(bad({ rotaton: { probability: 1, degrees: [0, 1] } })).toThrow(/Did you mean "rotation"/);
    expect(bad({ gamma: { probability: 1, gama: [1, 1] } })).toThrow(/Did you mean "gamma"/);
    expect(bad({ gamma: { probability: 2, gamma: [1, 1] } })).toThrow(/must be in \[0, 1\]/);
    expect(bad({ gamma: { probability: 1 } })).toThrow(/gamma.gamma is missing/);
    expect(bad({ scale: { probability: 1, factor: [1.2, 0.9] } })).toThrow(/range \[low, high\]/);
    expect(bad({ mirror: { probability: 1, axes: [3] } })).toThrow(/mirror.axes/);
    expect(bad({ lowResolution: { probability: 1, zoom: [0.5, 2] } })).toThrow(/must not exceed 1/);
    expect(bad({ lowResolution: { probability: 1, zoom: [0.5, 1], upsampling: 'sinc' } })).toThrow(/cubic or linear/);
    expect(bad({ scale: { probability: 1, factor: [0.5, 1], balanced: 'no' } })).toThrow(/true or false/);
    expect(bad({ interpolation: 'sinc' })).toThrow(/interpolation has no meaning/);
    expect(bad(null)).toThrow(/must be an object/);
  });

  it('refuses arrays that do not fill the shape', () => {
    expect(() => augmentPatch({ image: new Float32Array(7), shape: [2, 2, 2] }, {}, Rng.fromSeed(1))).toThrow(
      /does not fill/,
    );
  });
});
