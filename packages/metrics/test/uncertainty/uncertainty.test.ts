import { Rng } from '@seg/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assdWithinSamples,
  diceWithinSamples,
  entropyMap,
  generalisedEnergyDistance,
  PredictiveUncertainty,
  sampleErrorCorrelation,
  volumeVariation,
} from '../../src/index.ts';

function uncertaintyOf(...samples: number[][]): PredictiveUncertainty {
  const uncertainty = new PredictiveUncertainty({ classes: 2 });
  for (const sample of samples) uncertainty.add(Float64Array.from(sample));
  return uncertainty;
}

describe('PredictiveUncertainty', () => {
  it('has the known entropy and mutual information', () => {
    const two = uncertaintyOf([0.9, 0.1], [0.5, 0.5]);
    expect(two.entropy()[0]).toBeCloseTo(0.6108643, 7);
    expect(two.mutualInformation()[0]).toBeCloseTo(0.1017492, 7);
    expect(entropyMap(Float64Array.of(0.9, 0.1, 0.5, 0.5), { classes: 2 }).reduce((a, b) => a + b) / 2).toBeCloseTo(
      0.5091151,
      7,
    );
    expect(two.variance()[0]).toBeCloseTo(0.04, 12);
    expect([...two.mean()]).toEqual([0.7, 0.3]);
    const opposed = uncertaintyOf([1, 0], [0, 1]);
    expect(opposed.entropy()[0]).toBeCloseTo(Math.LN2, 12);
    expect(opposed.mutualInformation()[0]).toBeCloseTo(Math.LN2, 12);
    expect(opposed.mutualInformation({ normalised: true })[0]).toBeCloseTo(1, 12);
    expect(opposed.entropy({ normalised: true })[0]).toBeCloseTo(1, 12);
  });

  it('gives H >= MI >= 0 everywhere, and MI 0 for identical samples, in both layouts', () => {
    const probability = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(probability, probability), { minLength: 1, maxLength: 6 }), (samples) => {
        const last = new PredictiveUncertainty({ classes: 2 });
        const first = new PredictiveUncertainty({ classes: 2, layout: 'channelsFirst' });
        for (const [a, b] of samples) {
          last.add(Float64Array.of(a, 1 - a, b, 1 - b));
          first.add(Float64Array.of(a, b, 1 - a, 1 - b));
        }
        const [h, mi] = [last.entropy(), last.mutualInformation()];
        h.forEach((value, v) => {
          expect(mi[v]).toBeGreaterThanOrEqual(0);
          expect(value).toBeGreaterThanOrEqual(mi[v]!);
          expect(value).toBeLessThanOrEqual(Math.LN2 + 1e-12);
        });
        expect(first.entropy()).toEqual(h);
        expect(first.mutualInformation()).toEqual(mi);
        expect(first.variance()).toEqual(last.variance());
        const same = uncertaintyOf([0.3, 0.7], [0.3, 0.7], [0.3, 0.7]);
        expect(same.mutualInformation()[0]).toBeLessThan(1e-15);
      }),
    );
  });

  it('adds the entropies of regions, one or several, which do not exclude each other', () => {
    const regions = new PredictiveUncertainty({ classes: 2, activation: 'sigmoid' });
    regions.add(Float64Array.of(0.9, 1, 0.5, 0.5));
    regions.add(Float64Array.of(0.5, 1, 0.5, 0.5));
    // H(0.7) + H(1), and twice H(0.5); the first region alone disagrees: H(0.7) - (H(0.9) + H(0.5)) / 2.
    expect(regions.entropy()[0]).toBeCloseTo(0.6108643, 7);
    expect(regions.entropy()[1]).toBeCloseTo(2 * Math.LN2, 12);
    expect(regions.entropy({ normalised: true })[1]).toBeCloseTo(1, 12);
    expect(regions.mutualInformation()[0]).toBeCloseTo(0.1017492, 7);
    expect(regions.mutualInformation()[1]).toBe(0);
    const one = new PredictiveUncertainty({ classes: 1, activation: 'sigmoid' });
    one.add(Float32Array.of(0.5, 0));
    expect(one.entropy()[0]).toBeCloseTo(Math.LN2, 12);
    expect(one.entropy()[1]).toBe(0);
  });

  it('keeps the sums of the named measures alone, as many bytes for any number of samples', () => {
    const bytes = (measures?: ('entropy' | 'mutualInformation' | 'variance')[]) => {
      const uncertainty = new PredictiveUncertainty({ classes: 2, ...(measures ? { measures } : {}) });
      for (let t = 0; t < 3; t++) uncertainty.add(new Float32Array(20).fill(0.5));
      return uncertainty.byteLength;
    };
    expect([bytes([]), bytes(['mutualInformation']), bytes(['variance']), bytes()]).toEqual([160, 240, 320, 400]);
    const few = new PredictiveUncertainty({ classes: 2, measures: ['entropy'] });
    few.add(Float64Array.of(0.9, 0.1));
    expect(few.entropy()[0]).toBeCloseTo(0.325083, 6);
    expect(() => few.variance()).toThrow(/measures/);
    expect(() => few.mutualInformation()).toThrow(/measures/);
    expect(() => new PredictiveUncertainty({ classes: 2, measures: ['sd' as 'entropy'] })).toThrow(/variance/);
  });

  it('refuses samples of another size, NaN, logits and no samples', () => {
    const uncertainty = uncertaintyOf([0.5, 0.5]);
    expect(() => uncertainty.add(new Float32Array(4).fill(0.5))).toThrow(/differs in size/);
    expect(() => uncertainty.add(Float32Array.of(Number.NaN, 0))).toThrow(/probability/);
    expect(() => uncertainty.add(Float32Array.of(-3, 4))).toThrow(/softmax/);
    expect(() => new PredictiveUncertainty({ classes: 2 }).mean()).toThrow(/no samples/);
    expect(() => new PredictiveUncertainty({ classes: 2 }).add(new Float32Array(3))).toThrow(/voxels/);
    expect(uncertainty.samples).toBe(1);
  });
});

describe('within samples', () => {
  const mean = Uint8Array.of(0, 1, 1, 0);
  const shifted = Uint8Array.of(0, 0, 1, 1);
  const none = new Uint8Array(4);
  const grid = { shape: [1, 4], spacingMm: [1, 2] };

  it('compares each sample with the mean prediction', () => {
    expect(diceWithinSamples(mean, [mean, shifted])).toEqual({ mean: 0.75, values: [1, 0.5], oneEmpty: 0 });
    expect(assdWithinSamples(mean, [mean, shifted], grid)).toEqual({ mean: 0.5, values: [0, 1], oneEmpty: 0 });
    expect(diceWithinSamples(mean, [mean, mean]).mean).toBe(1);
    expect(assdWithinSamples(mean, [mean, mean], grid).mean).toBe(0);
  });

  it('says what empty segmentations do', () => {
    expect(diceWithinSamples(none, [none, mean])).toEqual({ mean: 0.5, values: [1, 0], oneEmpty: 1 });
    const diagonal = Math.hypot(1, 8);
    expect(assdWithinSamples(none, [none, mean], grid)).toEqual({
      mean: diagonal / 2,
      values: [0, diagonal],
      oneEmpty: 1,
    });
    const skipped = assdWithinSamples(none, [none, mean], { ...grid, oneEmpty: 'skip' });
    expect(skipped).toEqual({ mean: 0, values: [0, Number.NaN], oneEmpty: 1 });
    expect(() => diceWithinSamples(mean, [])).toThrow(/no samples/);
    expect(() => assdWithinSamples(mean, [mean], { ...grid, oneEmpty: 'zero' as 'skip' })).toThrow(/penalty \| skip/);
  });

  it('has the coefficient of variation of volumes', () => {
    expect(volumeVariation([1, 3])).toBe(0.5);
    expect(volumeVariation([2, 2, 2])).toBe(0);
    expect(volumeVariation([0, 0])).toBe(0);
    expect(volumeVariation([])).toBeNaN();
  });
});

describe('generalisedEnergyDistance', () => {
  const references = [Uint8Array.of(1, 1, 0, 0), Uint8Array.of(1, 1, 1, 0)];
  const samples = [Uint8Array.of(1, 1, 0, 0), Uint8Array.of(0, 1, 1, 0)];

  it('has the known value and terms', () => {
    const result = generalisedEnergyDistance(samples, references, { labels: [1] });
    expect(result.sampleReference).toBeCloseTo(1 / 3, 12);
    expect(result.referenceReference).toBeCloseTo(1 / 6, 12);
    expect(result.sampleSample).toBeCloseTo(1 / 3, 12);
    expect(result.squared).toBeCloseTo(1 / 6, 12);
  });

  it('is 0 for the same sets and counts absent labels as asked', () => {
    expect(generalisedEnergyDistance(references, references, { labels: [1] }).squared).toBeCloseTo(0, 12);
    const zero = generalisedEnergyDistance(samples, references, { labels: [1, 5] });
    expect(zero.squared).toBeCloseTo(1 / 12, 12);
    const skip = generalisedEnergyDistance(samples, references, { labels: [1, 5], bothEmpty: 'skip' });
    expect(skip.squared).toBeCloseTo(1 / 6, 12);
    expect(generalisedEnergyDistance(samples, references, { labels: [5], bothEmpty: 'skip' }).squared).toBeNaN();
  });

  it('refuses missing or unequal maps', () => {
    expect(() => generalisedEnergyDistance([], references, { labels: [1] })).toThrow(/samples, references/);
    expect(() => generalisedEnergyDistance(samples, references, { labels: [] })).toThrow(/labels/);
    expect(() => generalisedEnergyDistance([new Uint8Array(3)], references, { labels: [1] })).toThrow(/size/);
  });
});

describe('sampleErrorCorrelation', () => {
  const rng = Rng.fromSeed(3);
  const voxels = 40;
  const samples = Array.from({ length: 5 }, () =>
    Float64Array.from(Array.from({ length: voxels }, () => rng.uniform(0.05, 0.95)).flatMap((p) => [p, 1 - p])),
  );
  const annotations = [0, 1].map(() => Uint8Array.from({ length: voxels }, () => rng.integer(2)));

  it('equals the definition, loop by loop', () => {
    const maps = annotations.map((labels) => {
      const uncertainty: number[] = [];
      const error: number[] = [];
      for (let v = 0; v < voxels; v++) {
        const mean = [0, 1].map((c) => samples.reduce((sum, s) => sum + s[2 * v + c]!, 0) / samples.length);
        const crossEntropy = (target: number[]): number =>
          samples.reduce((sum, s) => sum - target.reduce((t, p, c) => t + p * Math.log(s[2 * v + c]! + 1e-8), 0), 0) /
          samples.length;
        uncertainty.push(crossEntropy(mean));
        error.push(crossEntropy([0, 1].map((c) => Number(labels[v] === c))));
      }
      const z = (values: number[]): number[] => {
        const mean = values.reduce((a, b) => a + b) / voxels;
        const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / voxels);
        return values.map((x) => (x - mean) / deviation);
      };
      const [a, b] = [z(uncertainty), z(error)];
      return a.reduce((sum, value, i) => sum + value * b[i]!, 0) / voxels;
    });
    const expected = maps.reduce((a, b) => a + b) / maps.length;
    expect(sampleErrorCorrelation(samples, annotations, { classes: 2 })).toBeCloseTo(expected, 12);
  });

  it('is NaN for constant maps and refuses what does not fit', () => {
    const flat = new Float64Array(2 * voxels).fill(0.5);
    expect(sampleErrorCorrelation([flat], annotations, { classes: 2 })).toBeNaN();
    expect(() => sampleErrorCorrelation([], annotations, { classes: 2 })).toThrow(/samples/);
    expect(() => sampleErrorCorrelation(samples, [new Uint8Array(3)], { classes: 2 })).toThrow(/same voxels/);
    expect(() => sampleErrorCorrelation(samples, [annotations[0]!, new Uint8Array(3)], { classes: 2 })).toThrow(/size/);
    expect(() => sampleErrorCorrelation(samples, [new Uint8Array(voxels).fill(2)], { classes: 2 })).toThrow(/classes/);
  });
});
