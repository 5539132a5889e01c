import { SegError } from '@seg/core';
import { auroc } from './auroc.ts';

/** Options of `qualityControlCurve`. */
export interface QualityControlOptions {
  /** The share of poor cases that review should reach; default 0.05. */
  readonly target?: number;
}

/** How the share of poor cases falls as the most uncertain ones are reviewed and put right. */
export interface QualityControlCurve {
  /** Share of the cases reviewed: 0, 1/n, ... 1. */
  readonly reviewed: Float64Array;
  /** Share of all cases still poor at each of them; a mean over orders within groups of equal uncertainty. */
  readonly poor: Float64Array;
  /** Area under the curve (trapezoids): smaller is better. */
  readonly auc: number;
  /** Areas of a random, the best and the worst order for the same share q of poor cases: q/2, q^2/2, q - q^2/2. */
  readonly random: number;
  readonly ideal: number;
  readonly worst: number;
  /** (auc - ideal) / (random - ideal): 0 best, 1 random; NaN if nothing or everything is poor. */
  readonly normalised: number;
  /** The smallest share reviewed at which at most the target share is poor. */
  readonly reviewedAtTarget: number;
  /** Of uncertainty as a score for being poor. */
  readonly auroc: number;
}

/**
 * Quality control by uncertainty: cases are reviewed in the order of falling uncertainty, and poor ones put right.
 *
 * @param uncertainty one number a case, larger for less certain; Infinity is allowed and comes first
 * @param poor 1 for each case whose segmentation is not good enough, else 0
 *
 * @throws SegError `shape-mismatch` if the lists differ in length, `invalid-argument` without cases, for NaN, or for a
 * target outside [0, 1].
 */
export function qualityControlCurve(
  uncertainty: ArrayLike<number>,
  poor: ArrayLike<number | boolean>,
  options: QualityControlOptions = {},
): QualityControlCurve {
  const where = 'qualityControlCurve';
  const { target = 0.05 } = options;
  const n = uncertainty.length;
  if (n !== poor.length) {
    throw new SegError('shape-mismatch', { where, problem: 'the lists differ in length', got: [n, poor.length] });
  }
  if (n === 0 || Array.from(uncertainty).some(Number.isNaN) || !(target >= 0 && target <= 1)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'there must be cases, no uncertainty may be NaN, and the target must be in [0, 1]',
      got: { cases: n, target },
      hint: 'Leave cases without an uncertainty out, and say how many.',
    });
  }
  const curve = fall(uncertainty, poor);
  const reviewed = Float64Array.from({ length: n + 1 }, (_, k) => k / n);
  const q = curve[0]!;
  let auc = 0;
  for (let k = 0; k < n; k++) auc += (curve[k]! + curve[k + 1]!) / (2 * n);
  const [random, ideal] = [q / 2, (q * q) / 2];
  return {
    reviewed,
    poor: curve,
    auc,
    random,
    ideal,
    worst: q - ideal,
    normalised: random === ideal ? Number.NaN : (auc - ideal) / (random - ideal),
    // The last point is exactly 0, so there always is one.
    reviewedAtTarget: curve.findIndex((share) => share <= target) / n,
    auroc: auroc(uncertainty, poor),
  };
}

/** Share of poor cases left after each review, in the mean over the orders that ties allow. */
function fall(uncertainty: ArrayLike<number>, poor: ArrayLike<number | boolean>): Float64Array {
  const n = uncertainty.length;
  const order = Array.from({ length: n }, (_, i) => i);
  order.sort((i, j) => (uncertainty[i]! > uncertainty[j]! ? -1 : uncertainty[i]! < uncertainty[j]! ? 1 : 0));
  let left = order.filter((i) => poor[i]).length;
  const curve = new Float64Array(n + 1);
  curve[0] = left / n;
  for (let start = 0; start < n; ) {
    let end = start + 1;
    while (end < n && uncertainty[order[end]!] === uncertainty[order[start]!]) end++;
    const found = order.slice(start, end).filter((i) => poor[i]).length;
    for (let k = start + 1; k <= end; k++) curve[k] = (left - (found * (k - start)) / (end - start)) / n;
    left -= found;
    start = end;
  }
  return curve;
}
