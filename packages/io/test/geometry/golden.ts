import { readFileSync } from 'node:fs';

type Xyz = [number, number, number];

interface Golden {
  readonly zoom: { shape: Xyz; target: Xyz; order: 0 | 1 | 3; image: number[]; result: number[] }[];
  readonly nnunet: {
    shape: Xyz;
    target: Xyz;
    axis: number;
    image: number[];
    result: number[];
    labels: number[];
    resultLabels: number[];
  }[];
  readonly labels: { shape: Xyz; target: Xyz; labels: number[]; result: number[] }[];
  readonly affine: {
    sourceAffine: number[];
    targetAffine: number[];
    shapeXyz: Xyz;
    targetShapeXyz: Xyz;
    order: 0 | 1 | 3;
    image: number[];
    result: number[];
  }[];
  readonly orientation: {
    affine: number[];
    codes: string;
    canonicalAffine: number[];
    canonicalShapeXyz: Xyz;
    canonicalData: number[];
  }[];
  readonly small: {
    shape: Xyz;
    target: Xyz;
    order: 1 | 3;
    image: number[];
    zoomed: number[];
    shift: Xyz;
    step: Xyz;
    sampled: number[];
  }[];
  readonly axisCodes: { affine: number[]; codes: string; nibabel: string }[];
}

/** Values from SciPy and nibabel (`fixtures/generate/geometry.py`). */
export const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/geometry.json', import.meta.url), 'utf8'),
) as Golden;

/** The names of SciPy's spline orders. */
export const ORDER_NAMES = { 0: 'nearest', 1: 'linear', 3: 'cubic' } as const;

/** Largest absolute difference of two lists of numbers. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
