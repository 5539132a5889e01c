import { Rng } from '@seg/core';
import { describe, expect, it } from 'vitest';
import {
  applyTemperature,
  auroc,
  bootstrapMean,
  brierScore,
  calibrationBins,
  calibrationErrorOfBins,
  classwiseCalibrationError,
  expectedCalibrationError,
  fitTemperature,
  generalisedEnergyDistance,
  negativeLogLikelihood,
  PredictiveUncertainty,
} from '../../src/index.ts';
import { readGolden } from '../golden.ts';
import { agrees, ROUNDING } from '../helpers.ts';

interface Golden {
  readonly calibration: {
    readonly bins: number;
    readonly probabilities: number[];
    readonly labels: number[];
    readonly ece: { readonly upper: number; readonly lower: number };
    readonly classwise: number[];
    readonly brier: number;
    readonly nll: number;
    readonly auroc: number;
  }[];
  readonly edges: {
    readonly bins: number;
    readonly single: boolean;
    readonly confidences: number[];
    readonly correct: number[];
    readonly upper: { readonly counts: number[]; readonly error: number };
    readonly lower: { readonly counts: number[]; readonly error: number };
  }[];
  readonly temperature: {
    readonly logits: number[];
    readonly labels: number[];
    readonly temperature: number;
    readonly nll: number;
    readonly nllBefore: number;
  }[];
  readonly uncertainty: {
    readonly samples: number[][];
    readonly classes: number;
    readonly entropy: number[];
    readonly mutualInformation: number[];
    readonly variance: number[];
  };
  readonly energyDistance: {
    readonly samples: number[][];
    readonly references: number[][];
    readonly zero: number;
    readonly skip: number;
  };
  readonly bootstrap: {
    readonly values: number[];
    readonly confidence: number;
    readonly low: number;
    readonly high: number;
    readonly standardError: number;
  }[];
}

const golden = readGolden<Golden>('probabilities.json');

function near(got: number, want: number, tolerance = ROUNDING): void {
  expect(got, `${got} is not ${want}`).toSatisfy((value: number) => agrees(value, want, tolerance));
}

function allNear(got: ArrayLike<number>, want: readonly number[]): void {
  expect(got.length).toBe(want.length);
  want.forEach((value, i) => {
    near(got[i]!, value);
  });
}

describe.each(golden.calibration)('calibration like NumPy: $bins bins', (sample) => {
  const probabilities = Float64Array.from(sample.probabilities);
  const labels = Uint8Array.from(sample.labels);
  const options = { classes: 3, bins: sample.bins };

  it('errors', () => {
    near(expectedCalibrationError(probabilities, labels, options), sample.ece.upper);
    near(expectedCalibrationError(probabilities, labels, { ...options, closed: 'lower' }), sample.ece.lower);
    allNear(classwiseCalibrationError(probabilities, labels, options).classes, sample.classwise);
  });

  it('scores', () => {
    near(brierScore(probabilities, labels, options), sample.brier);
    near(negativeLogLikelihood(probabilities, labels, options), sample.nll);
    const rows = Array.from(labels, (_, v) => sample.probabilities.slice(3 * v, 3 * v + 3));
    const tops = rows.map((row) => Math.max(...row));
    near(
      auroc(
        tops,
        rows.map((row, v) => row.indexOf(tops[v]!) === labels[v]),
      ),
      sample.auroc,
    );
  });
});

describe.each(golden.edges)('confidences on edges like NumPy: $bins bins, float32 $single', (sample) => {
  const { bins, single, correct } = sample;
  const confidences = (single ? Float32Array : Float64Array).from(sample.confidences);

  it.each(['upper', 'lower'] as const)('bins that hold their %s edge', (closed) => {
    const result = calibrationBins(confidences, correct, { bins, closed });
    expect(result.map(({ count }) => count)).toEqual(sample[closed].counts);
    near(calibrationErrorOfBins(result), sample[closed].error);
  });

  it('likewise for probabilities of two classes', () => {
    // Class 0 is looked at by itself: its probabilities are the confidences.
    const p = (single ? Float32Array : Float64Array).from(sample.confidences.flatMap((c) => [c, 1 - c]));
    const labels = Uint8Array.from(correct, (hit) => 1 - hit);
    for (const closed of ['upper', 'lower'] as const) {
      const { classes } = classwiseCalibrationError(p, labels, { classes: 2, bins, closed });
      near(classes[0]!, sample[closed].error);
    }
  });
});

describe.each(golden.temperature)('temperature $temperature like SciPy', (sample) => {
  it('is the root of the derivative', () => {
    const logits = Float64Array.from(sample.logits);
    const labels = Uint8Array.from(sample.labels);
    const fit = fitTemperature(logits, labels, { classes: 4 });
    // A minimum is flat: half the digits of the values are left for its place.
    near(fit.temperature, sample.temperature, 1e-6);
    near(fit.nll, sample.nll);
    near(fit.nllBefore, sample.nllBefore);
    const calibrated = applyTemperature(logits, fit.temperature, { classes: 4 });
    near(negativeLogLikelihood(calibrated, labels, { classes: 4 }), sample.nll, 1e-6);
  });
});

describe('uncertainty like NumPy', () => {
  it('has the entropy, mutual information and variance', () => {
    const { samples, classes, entropy, mutualInformation, variance } = golden.uncertainty;
    const uncertainty = new PredictiveUncertainty({ classes });
    for (const sample of samples) uncertainty.add(Float64Array.from(sample));
    allNear(uncertainty.entropy(), entropy);
    allNear(uncertainty.mutualInformation(), mutualInformation);
    allNear(uncertainty.variance(), variance);
  });

  it.each(['zero', 'skip'] as const)('has the energy distance with labels that both lack: %s', (bothEmpty) => {
    const [samples, references] = [golden.energyDistance.samples, golden.energyDistance.references].map((maps) =>
      maps.map((map) => Uint8Array.from(map)),
    ) as [Uint8Array[], Uint8Array[]];
    const { squared } = generalisedEnergyDistance(samples, references, { labels: [1, 2], bothEmpty });
    near(squared, golden.energyDistance[bothEmpty]);
  });
});

describe.each(golden.bootstrap)('bootstrap like SciPy: $confidence', ({ values, confidence, ...expected }) => {
  it('has the interval but for the draw', () => {
    const options = { rng: Rng.fromSeed(5), resamples: 200_000, confidence };
    const { low, high, standardError } = bootstrapMean(values, options);
    // Quantiles of so many means scatter by 0.006 standard errors, those of SciPy by 0.004.
    const tolerance = 0.03 * expected.standardError;
    expect(Math.abs(low - expected.low)).toBeLessThan(tolerance);
    expect(Math.abs(high - expected.high)).toBeLessThan(tolerance);
    expect(Math.abs(standardError / expected.standardError - 1)).toBeLessThan(0.01);
  });
});
