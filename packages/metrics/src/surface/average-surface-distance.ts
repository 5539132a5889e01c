import { checkOption } from '@seg/core';
import type { SurfaceDistances } from './surface-distances.ts';

/** Options of `asd`. */
export interface AsdOptions {
  /** Default `predictionToReference`, the direction of MedPy's `asd(result, reference)`. */
  readonly direction?: 'predictionToReference' | 'referenceToPrediction';
}

/**
 * Average surface distance in mm in one direction, weighted by area with surfels.
 *
 * Both masks empty: NaN. One empty: Infinity.
 */
export function asd(distances: SurfaceDistances, options: AsdOptions = {}): number {
  const { direction = 'predictionToReference' } = options;
  checkOption('asd', 'direction', direction, ['predictionToReference', 'referenceToPrediction']);
  const [forward, backward] = sums(distances);
  if (isOneEmpty(distances)) return Number.POSITIVE_INFINITY;
  return direction === 'predictionToReference' ? forward.sum / forward.weight : backward.sum / backward.weight;
}

/** Options of `assd`. */
export interface AssdOptions {
  /**
   * `pooled` (default) averages over the points of both surfaces (MONAI, MedPy since 0.5); `meanOfMeans` averages the
   * two directions' means (MedPy before).
   */
  readonly average?: 'pooled' | 'meanOfMeans';
}

/**
 * Average symmetric surface distance in mm, weighted by area with surfels.
 *
 * Both masks empty: NaN. One empty: Infinity.
 */
export function assd(distances: SurfaceDistances, options: AssdOptions = {}): number {
  const { average = 'pooled' } = options;
  checkOption('assd', 'average', average, ['pooled', 'meanOfMeans']);
  const [forward, backward] = sums(distances);
  if (isOneEmpty(distances)) return Number.POSITIVE_INFINITY;
  if (average === 'pooled') return (forward.sum + backward.sum) / (forward.weight + backward.weight);
  return (forward.sum / forward.weight + backward.sum / backward.weight) / 2;
}

/** Whether exactly one of the two masks has a surface. */
export function isOneEmpty({ predictionToReference, referenceToPrediction }: SurfaceDistances): boolean {
  return (predictionToReference.length === 0) !== (referenceToPrediction.length === 0);
}

interface WeightedSum {
  readonly sum: number;
  readonly weight: number;
}

function sums(distances: SurfaceDistances): [WeightedSum, WeightedSum] {
  return [
    weightedSum(distances.predictionToReference, distances.predictionAreas),
    weightedSum(distances.referenceToPrediction, distances.referenceAreas),
  ];
}

function weightedSum(values: Float64Array, weights: Float64Array | undefined): WeightedSum {
  let sum = 0;
  let weight = 0;
  if (weights === undefined) {
    for (let i = 0; i < values.length; i++) sum += values[i]!;
    return { sum, weight: values.length };
  }
  for (let i = 0; i < values.length; i++) {
    sum += values[i]! * weights[i]!;
    weight += weights[i]!;
  }
  return { sum, weight };
}
