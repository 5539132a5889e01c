import { readFileSync } from 'node:fs';
import { createVolume, type Triple } from '@seg/core';
import { type Normalisation, preprocessImage } from '@seg/train';
import { expect, it } from 'vitest';

const { statistics, cases } = JSON.parse(
  readFileSync(new URL('../../fixtures/nnunet-preprocessing.json', import.meta.url), 'utf8'),
) as {
  readonly statistics: Readonly<Record<'mean' | 'std' | 'percentile_00_5' | 'percentile_99_5', number>>;
  readonly cases: readonly {
    readonly shape: Triple;
    readonly spacingMm: Triple;
    readonly targetMm: Triple;
    readonly normalisation: Normalisation['kind'];
    readonly image: readonly number[];
    readonly resultShape: Triple;
    readonly result: readonly number[];
  }[];
};

/** Values of up to about 15; passes and statistics are float32, references are rounded to five digits. */
const TOLERANCE = 3e-5;

const rules: Readonly<Record<Normalisation['kind'], Normalisation>> = {
  zScore: { kind: 'zScore' },
  clipZScore: {
    kind: 'clipZScore',
    low: statistics.percentile_00_5,
    high: statistics.percentile_99_5,
    mean: statistics.mean,
    standardDeviation: statistics.std,
  },
};

it.each(cases)('equals nnU-Net: $normalisation, $spacingMm to $targetMm mm', (sample) => {
  const { shape, spacingMm, targetMm, normalisation, resultShape, result } = sample;
  const volume = createVolume(Float32Array.from(sample.image), shape, { spacingMm });
  const { image } = preprocessImage(volume, { spacingMm: targetMm, normalisation: [rules[normalisation]] });
  expect(image.shape).toEqual(resultShape);
  const worst = Math.max(...image.data.map((value, i) => Math.abs(value - result[i]!)));
  expect(worst).toBeLessThan(TOLERANCE);
  expect([...volume.data]).toEqual([...Float32Array.from(sample.image)]);
});

it('a sharp edge does not swing beyond the values on its sides', () => {
  // Two flat halves, 0 and 100: z-scores -1 and 1, whatever lies between.
  const data = Float32Array.from({ length: 8 * 8 * 8 }, (_, i) => (i % 8 < 4 ? 0 : 100));
  const volume = createVolume(data, [8, 8, 8], { spacingMm: [1, 1, 1] });
  const { image } = preprocessImage(volume, { spacingMm: [1, 1, 0.4], normalisation: [{ kind: 'zScore' }] });
  expect(image.shape).toEqual([8, 8, 20]);
  expect(Math.max(...image.data)).toBe(1);
  expect(Math.min(...image.data)).toBe(-1);
});

it('each channel is clipped to a range of its own', () => {
  const step = (i: number) => (i % 6 < 3 ? 0 : 1);
  const data = Float32Array.from({ length: 2 * 216 }, (_, i) => (i < 216 ? step(i) : 10 * step(i)));
  const volume = createVolume(data, [6, 6, 6], { channels: 2, spacingMm: [1, 1, 1] });
  const none: Normalisation = { kind: 'clipZScore', low: -1e9, high: 1e9, mean: 0, standardDeviation: 1 };
  const { image } = preprocessImage(volume, { spacingMm: [1, 1, 0.5], normalisation: [none, none] });
  const half = image.data.length / 2;
  expect(Math.max(...image.data.subarray(0, half))).toBe(1);
  expect(Math.max(...image.data.subarray(half))).toBe(10);
  expect(Math.min(...image.data)).toBe(0);
});
