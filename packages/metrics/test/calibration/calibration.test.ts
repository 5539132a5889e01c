import { Rng } from '@seg/core';
import { describe, expect, it } from 'vitest';
import {
  applyTemperature,
  brierScore,
  calibrationBins,
  calibrationErrorOfBins,
  classwiseCalibrationError,
  expectedCalibrationError,
  fitTemperature,
  negativeLogLikelihood,
  reliabilityDiagram,
} from '../../src/index.ts';

describe('one voxel, p = (.7, .2, .1), label 0', () => {
  const p = Float64Array.of(0.7, 0.2, 0.1);
  const label = Uint8Array.of(0);

  it('has the known NLL and Brier score', () => {
    expect(negativeLogLikelihood(p, label, { classes: 3 })).toBeCloseTo(0.3566749, 7);
    expect(brierScore(p, label, { classes: 3 })).toBeCloseTo(0.14, 12);
  });

  it('does not let a zero probability be infinite', () => {
    expect(negativeLogLikelihood(Float64Array.of(1, 0), Uint8Array.of(1), { classes: 2 })).toBeCloseTo(
      -Math.log(1e-7),
      12,
    );
    expect(brierScore(Float64Array.of(1, 0), Uint8Array.of(1), { classes: 2 })).toBe(2);
  });
});

describe('eight predictions', () => {
  const confidences = [0.55, 0.65, 0.75, 0.85, 0.95, 0.95, 0.6, 0.9];
  const correct = [1, 0, 1, 1, 1, 0, 0, 1];
  const error = (bins: number, closed: 'upper' | 'lower'): number =>
    calibrationErrorOfBins(calibrationBins(confidences, correct, { bins, closed }));

  it('have the errors by hand with both ways to close bins', () => {
    expect(error(5, 'upper')).toBeCloseTo(0.15, 12);
    // .6 lies on an edge of five bins: (1 * .45 + 3 * (2/3 - 1/3) + 4 * .1625) / 8 with it in [.6, .8).
    expect(error(5, 'lower')).toBeCloseTo(0.2625, 12);
    expect(error(10, 'upper')).toBeCloseTo(0.275, 12);
    // Likewise .6 and .9: (.45 + 2 * .625 + .25 + .15 + 3 * (.9333 - .6667)) / 8.
    expect(error(10, 'lower')).toBeCloseTo(0.3625, 12);
  });

  it('have bins with counts, mean confidences and accuracies', () => {
    const bins = calibrationBins(confidences, correct, { bins: 10 });
    expect(bins.map(({ count }) => count)).toEqual([0, 0, 0, 0, 0, 2, 1, 1, 2, 2]);
    expect(bins[5]).toMatchObject({ low: 0.5, high: 0.6, accuracy: 0.5 });
    expect(bins[5]!.confidence).toBeCloseTo(0.575, 12);
    expect(bins[0]!.accuracy).toBeNaN();
  });

  it('put 0 and 1 into the outer bins', () => {
    for (const closed of ['upper', 'lower'] as const) {
      expect(calibrationBins([0, 1], [0, 1], { bins: 3, closed }).map(({ count }) => count)).toEqual([1, 0, 1]);
    }
  });

  it('are the same as softmax outputs of two classes in either layout, with a mask', () => {
    const labels = Uint8Array.from(correct, (hit) => 1 - hit);
    const last = Float64Array.from(confidences.flatMap((c) => [c, 1 - c]));
    const first = Float64Array.from([...confidences, ...confidences.map((c) => 1 - c)]);
    const options = { classes: 2, bins: 10 };
    expect(expectedCalibrationError(last, labels, options)).toBeCloseTo(0.275, 12);
    expect(expectedCalibrationError(first, labels, { ...options, layout: 'channelsFirst' })).toBeCloseTo(0.275, 12);
    for (const measure of [negativeLogLikelihood, brierScore]) {
      expect(measure(first, labels, { classes: 2, layout: 'channelsFirst' })).toBeCloseTo(
        measure(last, labels, { classes: 2 }),
        12,
      );
    }
    const mask = Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0);
    expect(expectedCalibrationError(last, labels, { ...options, mask })).toBeCloseTo(0.65, 12);
    expect(brierScore(last, labels, { classes: 2, mask })).toBeCloseTo(2 * 0.65 ** 2, 12);
    expect(reliabilityDiagram(last, labels, { ...options, mask }).reduce((n, bin) => n + bin.count, 0)).toBe(1);
  });

  it('have the class-wise error of a direct count', () => {
    const p = Float64Array.of(0.8, 0.2, 0.8, 0.2, 0.3, 0.7);
    const result = classwiseCalibrationError(p, Uint8Array.of(0, 1, 1), { classes: 2, bins: 2 });
    // Class 0: p .8 .8 right once of two, p .3 right 0 of 1. Class 1 mirrors it.
    expect(result.classes[0]).toBeCloseTo((2 * 0.3 + 0.3) / 3, 12);
    expect(result.classes[1]).toBeCloseTo((2 * 0.3 + 0.3) / 3, 12);
    expect(result.mean).toBeCloseTo(0.3, 12);
  });
});

describe('fitTemperature', () => {
  const rng = Rng.fromSeed(5);
  const [n, classes, truth] = [20_000, 3, 2.5];
  const logits = rng.fillNormal(new Float64Array(n * classes), 0, 3);
  const honest = applyTemperature(logits, truth, { classes });
  const labels = Uint8Array.from({ length: n }, (_, i) => {
    const draw = rng.uniform();
    return draw < honest[3 * i]! ? 0 : draw < honest[3 * i]! + honest[3 * i + 1]! ? 1 : 2;
  });

  it('finds the temperature that labels were drawn with', () => {
    const fit = fitTemperature(logits, labels, { classes });
    // Three standard errors of 20 000 draws.
    expect(Math.abs(Math.log(fit.temperature / truth))).toBeLessThan(0.05);
    expect(fit.nll).toBeLessThan(fit.nllBefore);
    const p = applyTemperature(logits, fit.temperature, { classes });
    expect(negativeLogLikelihood(p, labels, { classes })).toBeCloseTo(fit.nll, 5);
    for (const change of [0.99, 1.01]) {
      const other = applyTemperature(logits, fit.temperature * change, { classes });
      expect(negativeLogLikelihood(other, labels, { classes })).toBeGreaterThan(fit.nll);
    }
  });

  it('gives probabilities that sum to 1, also for huge logits', () => {
    const p = applyTemperature(Float32Array.of(1e30, -1e30, 5, 5), 1, { classes: 2 });
    expect([...p]).toEqual([1, 0, 0.5, 0.5]);
  });
});

describe('bad input', () => {
  const p = Float32Array.of(0.5, 0.5);
  it('is refused with a reason', () => {
    expect(() => brierScore(p, Uint8Array.of(2), { classes: 2 })).toThrow(/not one of the classes/);
    expect(() => brierScore(p, Uint8Array.of(0, 1), { classes: 2 })).toThrow(/same voxels/);
    expect(() => brierScore(p, Uint8Array.of(0), { classes: 1 })).toThrow(/classes/);
    expect(() => brierScore(p, Uint8Array.of(0), { classes: 2, layout: 'last' as 'channelsLast' })).toThrow(/layout/);
    expect(() => brierScore(Float32Array.of(Number.NaN, 1), Uint8Array.of(0), { classes: 2 })).toThrow(/NaN/);
    expect(() =>
      expectedCalibrationError(Float32Array.of(Number.NaN, 1), Uint8Array.of(0), { classes: 2 }),
    ).not.toThrow();
    expect(() => expectedCalibrationError(Float32Array.of(0.1, Number.NaN), Uint8Array.of(0), { classes: 2 })).toThrow(
      /confidence/,
    );
    expect(() => calibrationBins([1.1], [1])).toThrow(/confidence/);
    expect(() => calibrationBins([1], [1], { bins: 0 })).toThrow(/bins/);
    expect(() => calibrationBins([1], [])).toThrow(/length/);
    expect(() => fitTemperature(Float32Array.of(Number.NaN, 1), Uint8Array.of(0), { classes: 2 })).toThrow(/NaN/);
    expect(() => applyTemperature(p, 0, { classes: 2 })).toThrow(/positive/);
    expect(() => applyTemperature(p, Number.NaN, { classes: 2 })).toThrow(/positive/);
  });

  it('no voxels: NaN', () => {
    const options = { classes: 2, mask: Uint8Array.of(0) };
    expect(negativeLogLikelihood(p, Uint8Array.of(0), options)).toBeNaN();
    expect(brierScore(p, Uint8Array.of(0), options)).toBeNaN();
    expect(expectedCalibrationError(p, Uint8Array.of(0), options)).toBeNaN();
  });
});
