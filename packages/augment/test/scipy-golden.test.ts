import { readFileSync } from 'node:fs';
import type { Triple } from '@seg/core';
import { describe, expect, it } from 'vitest';
import {
  affineGrid,
  affineMatrix,
  gaussianBlur,
  sampleImage,
  sampleLabels,
  simulateLowResolution,
} from '../src/index.ts';

interface Golden {
  readonly shape: Triple;
  readonly image: number[];
  readonly label: number[];
  readonly affine: {
    readonly rotationRad: Triple;
    readonly scale: Triple;
    readonly shiftVoxels: Triple;
    readonly linear: number[];
    readonly linearEdge: number[];
    readonly cubic: number[];
    readonly cubicEdge: number[];
    readonly nearest: number[];
    readonly ties: number;
  }[];
  readonly small: {
    readonly shape: Triple;
    readonly image: number[];
    readonly coordinates: number[];
    readonly cubicEdge: number[];
    readonly linearEdge: number[];
    readonly cubic: number[];
    readonly linear: number[];
  }[];
  readonly lowResolution: { readonly zoom: number; readonly values: number[] }[];
  readonly blur: { readonly sigma: number | Triple; readonly values: number[] }[];
}

const golden = JSON.parse(readFileSync(new URL('../fixtures/scipy-reference.json', import.meta.url), 'utf8')) as Golden;
const { shape } = golden;
const image = Float32Array.from(golden.image);
const label = Uint8Array.from(golden.label);

/** Values reach 10; coordinates and samples are float32, the references are rounded to five digits. */
const TOLERANCE = 1e-4;

function maxDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < actual.length; i++) worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!));
  return worst;
}

describe.each(golden.affine)('affine resampling equals SciPy for rotation $rotationRad, scale $scale', (reference) => {
  const matrix = affineMatrix(shape, shape, reference);
  const grid = affineGrid(matrix, shape);

  it.each([
    ['coordinates', grid],
    ['matrix', { matrix, shape }],
  ])('linear, constant border, by %s', (_, form) => {
    expect(maxDifference(sampleImage(image, shape, form, { border: -1 }), reference.linear)).toBeLessThan(TOLERANCE);
  });

  it('linear, edge continued', () => {
    const edge = sampleImage(image, shape, grid, { border: 'edge' });
    expect(maxDifference(edge, reference.linearEdge)).toBeLessThan(TOLERANCE);
  });

  it('cubic B-spline', () => {
    const cubic = sampleImage(image, shape, grid, { border: -1, interpolation: 'cubic' });
    expect(maxDifference(cubic, reference.cubic)).toBeLessThan(TOLERANCE);
  });

  it.each([
    ['coordinates', grid],
    ['matrix', { matrix, shape }],
  ])('cubic B-spline, edge continued, by %s', (_, form) => {
    const cubic = sampleImage(image, shape, form, { border: 'edge', interpolation: 'cubic' });
    expect(maxDifference(cubic, reference.cubicEdge)).toBeLessThan(TOLERANCE);
  });

  it.each([
    ['coordinates', grid],
    ['matrix', { matrix, shape }],
  ])('nearest labels, up to exact halves, by %s', (_, form) => {
    const warped = sampleLabels(label, shape, form, 9);
    const different = reference.nearest.filter((value, i) => warped[i] !== (value < 0 ? 9 : value)).length;
    expect(different).toBeLessThanOrEqual(reference.ties);
  });
});

it.each(golden.small)('small images and places far outside equal SciPy: $shape', (sample) => {
  const coordinates = Float32Array.from(sample.coordinates);
  const grid = { coordinates, shape: [1, 1, coordinates.length / 3] as const };
  for (const interpolation of ['linear', 'cubic'] as const) {
    for (const border of ['edge', -7] as const) {
      const got = sampleImage(Float32Array.from(sample.image), sample.shape, grid, { interpolation, border });
      const expected = sample[border === 'edge' ? (`${interpolation}Edge` as const) : interpolation];
      expect(maxDifference(got, expected)).toBeLessThan(TOLERANCE);
    }
  }
});

it.each(golden.lowResolution)('low resolution at zoom $zoom equals nearest down, spline up', ({ zoom, values }) => {
  expect(maxDifference(simulateLowResolution(image.slice(), shape, zoom), values)).toBeLessThan(TOLERANCE);
});

interface TorchGolden {
  readonly shape: Triple;
  readonly cases: readonly { readonly zooms: Triple; readonly values: readonly number[] }[];
}
const torch = JSON.parse(
  readFileSync(new URL('../fixtures/low-resolution.json', import.meta.url), 'utf8'),
) as TorchGolden;

it.each(torch.cases)('low resolution at zooms $zooms equals PyTorch, nearest down, linear up', ({ zooms, values }) => {
  const [d, h, w] = torch.shape;
  const channel = Float32Array.from({ length: d * h * w }, (_, i) => Math.sin(0.7 * i) + 0.2 * Math.cos(i * i));
  const low = simulateLowResolution(channel, torch.shape, zooms, { upsampling: 'linear' });
  expect(maxDifference(low, values)).toBeLessThan(TOLERANCE);
});

it.each(golden.blur)('blur of sigma $sigma equals gaussian_filter', ({ sigma, values }) => {
  expect(maxDifference(gaussianBlur(image.slice(), shape, sigma), values)).toBeLessThan(TOLERANCE);
});
