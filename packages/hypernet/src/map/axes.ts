import { SegError } from '@seg/core';
import { EigenvalueDecomposition, Matrix, solve } from 'ml-matrix';
import { checkPoints, type Points } from './scores.ts';

/** A direction through a cloud of points. */
export interface Axis {
  /** Unit vector. */
  readonly direction: readonly number[];
  readonly centre: readonly number[];
  /** Part of the total variance along it, in [0, 1]. */
  readonly explained: number;
}

/** Principal axes, largest variance first; each points to where its largest component is positive. */
export function principalAxes(points: Points): Axis[] {
  checkPoints('principalAxes', points);
  const centre = mean(points);
  const decomposition = new EigenvalueDecomposition(covariance(points, centre), { assumeSymmetric: true });
  const values = decomposition.realEigenvalues.map((v) => Math.max(0, v));
  const total = values.reduce((a, b) => a + b, 0);
  return values
    .map((value, i) => ({
      direction: oriented(decomposition.eigenvectorMatrix.getColumn(i)),
      centre,
      explained: total > 0 ? value / total : 0,
    }))
    .sort((a, b) => b.explained - a.explained);
}

/**
 * Fisher's linear discriminant between two groups: the direction along which they are furthest apart in units of their
 * common spread, pointing from the first to the second. `ridge` (default 1e-6 of the trace) keeps it defined for groups
 * without spread.
 */
export function discriminantAxis(
  points: Points,
  isSecond: readonly boolean[],
  options: { readonly ridge?: number } = {},
): Axis {
  checkPoints('discriminantAxis', points);
  const groups = [false, true].map((flag) => points.filter((_, i) => isSecond[i] === flag));
  if (groups.some((g) => g.length === 0)) {
    throw new SegError('invalid-argument', {
      where: 'discriminantAxis',
      problem: 'both groups need a point',
      got: groups.map((g) => g.length),
    });
  }
  const means = groups.map(mean);
  const within = groups.map((g, i) => covariance(g, means[i]!).mul(g.length)).reduce((a, b) => a.add(b));
  const trace = within.trace() || 1;
  for (let i = 0; i < within.rows; i++) within.set(i, i, within.get(i, i) + (options.ridge ?? 1e-6) * trace);
  const difference = means[1]!.map((v, i) => v - means[0]![i]!);
  const solution = solve(within, Matrix.columnVector(difference)).getColumn(0);
  const direction = unit(solution);
  const centre = mean(points);
  const along = project(points, { direction, centre });
  const total = covariance(points, centre).trace();
  const variance = along.reduce((s, v) => s + v * v, 0) / along.length;
  return { direction, centre, explained: total > 0 ? variance / total : 0 };
}

/** Coordinates along an axis. */
export function project(points: Points, axis: Pick<Axis, 'direction' | 'centre'>): number[] {
  return points.map((p) => p.reduce((sum, v, i) => sum + (v - axis.centre[i]!) * axis.direction[i]!, 0));
}

function mean(points: Points): number[] {
  return points[0]!.map((_, i) => points.reduce((sum, p) => sum + p[i]!, 0) / points.length);
}

function covariance(points: Points, centre: readonly number[]): Matrix {
  const size = centre.length;
  const result = Matrix.zeros(size, size);
  for (const p of points) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        result.set(i, j, result.get(i, j) + ((p[i]! - centre[i]!) * (p[j]! - centre[j]!)) / points.length);
      }
    }
  }
  return result;
}

function unit(v: readonly number[]): number[] {
  const length = Math.hypot(...v) || 1;
  return v.map((x) => x / length);
}

function oriented(v: readonly number[]): number[] {
  const u = unit(v);
  const largest = u.reduce((a, b) => (Math.abs(b) > Math.abs(a) + 1e-12 ? b : a), 0);
  return largest < 0 ? u.map((x) => -x) : u;
}
