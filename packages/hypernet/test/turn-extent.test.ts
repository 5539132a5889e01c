import { createVolume, Rng, type Triple } from '@seg/core';
import { axisCodesOf, reorient } from '@seg/io';
import { expect, it } from 'vitest';
import { turnExtent } from '../src/cases/turn-extent.ts';
import { measureExtent } from '../src/index.ts';

it('gives the extent of the turned volume', () => {
  const shape: Triple = [4, 5, 6];
  const spacingMm: Triple = [3, 1, 2];
  const image = createVolume(new Float32Array(120), shape, { spacingMm });
  const rng = Rng.fromSeed(1);
  const label = createVolume(
    Uint8Array.from({ length: 120 }, (_, i) => (i > 40 && rng.uniform() > 0.9 ? 1 : 0)),
    shape,
    {
      spacingMm,
    },
  );
  const from = axisCodesOf(image.affine);
  for (const to of ['RAS', 'LPS', 'SRP', 'ASL', 'PIR', 'IAL']) {
    const turned = turnExtent(measureExtent(image, label), from, to);
    const expected = measureExtent(reorient(image, to), reorient(label, to));
    expect({ ...turned, labelCentre: undefined }).toEqual({ ...expected, labelCentre: undefined });
    turned.labelCentre!.forEach((part, axis) => {
      expect(part).toBeCloseTo(expected.labelCentre![axis]!, 12);
    });
  }
});
