import { createVolume, type Triple } from '@seg/core';
import { combineFingerprints, defaultPlan, fingerprintCase } from '@seg/train';
import { describe, expect, it } from 'vitest';

const shape: Triple = [1, 1, 8];
const image = createVolume(Float32Array.of(-1000, -1000, 10, 20, 30, 40, 50, 60), shape, { spacingMm: [1, 1, 1] });
const label = (values: readonly number[]) => createVolume(Uint8Array.from(values), shape, { spacingMm: [1, 1, 1] });

describe('fingerprintCase', () => {
  it('takes foreground intensities and centres from the values that are foreground', () => {
    const given = label([3, 3, 3, 1, 1, 2, 2, 0]);
    const all = fingerprintCase(image, given);
    expect([...all.foreground[0]!]).toEqual([-1000, -1000, 10, 20, 30, 40, 50]);
    // 3 is ignored, and 2 was not annotated in the second.
    const counted = fingerprintCase(image, given, { foreground: [1, 2] });
    expect([...counted.foreground[0]!]).toEqual([20, 30, 40, 50]);
    expect([...counted.centres]).toEqual([
      [1, [0, 0, 3.5 / 8]],
      [2, [0, 0, 5.5 / 8]],
    ]);
    const partly = fingerprintCase(image, given, { foreground: [1] });
    expect([...partly.foreground[0]!]).toEqual([20, 30]);
    expect([...partly.centres.keys()]).toEqual([1]);
  });
});

describe('mirror axes', () => {
  it('do not depend on where ignored voxels lie', () => {
    const cases = Array.from({ length: 4 }, () => label([1, 1, 1, 1, 9, 9, 9, 9]));
    const axes = (options?: { readonly foreground: readonly number[] }) =>
      combineFingerprints(
        cases.map((c) => fingerprintCase(image, c, options)),
        ['MRI'],
        2,
      ).mirrorAxes;
    expect(axes()).toEqual([0, 1]);
    expect(axes({ foreground: [1, 2] })).toEqual([0, 1, 2]);
  });
});

describe('CT normalisation', () => {
  const normalisation = (values: readonly number[]) => {
    const print = combineFingerprints([fingerprintCase(image, label(values), { foreground: [1] })], ['CT'], 1);
    return defaultPlan(print, { steps: 10 }).preprocessing.normalisation[0];
  };

  it('is that of annotated foreground', () => {
    expect(normalisation([3, 3, 0, 1, 1, 1, 3, 3])).toEqual({
      kind: 'clipZScore',
      low: 20 + 0.005 * 20,
      high: 40 - 0.005 * 20,
      mean: 30,
      standardDeviation: Math.sqrt(200 / 3),
    });
  });

  it('is by image where there is no foreground, or no range of it', () => {
    expect(normalisation([0, 0, 0, 0, 0, 0, 3, 3])).toEqual({ kind: 'zScore' });
    expect(normalisation([0, 0, 0, 0, 1, 0, 3, 3])).toEqual({ kind: 'zScore' });
  });
});
