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
 *
 * @throws SegError `shape-mismatch` unless `isSecond` has an entry for every point, `invalid-argument` for points that are
 * none, a group without a point, or a ridge that is negative or not finite.
 */
export function discriminantAxis(
  points: Points,
  isSecond: readonly boolean[],
  options: { readonly ridge?: number } = {},
): Axis {
  checkPoints('discriminantAxis', points);
  const { ridge = 1e-6 } = options;
  if (isSecond.length !== points.length) {
    throw new SegError('shape-mismatch', {
      where: 'discriminantAxis',
      problem: 'needs a group for every point',
      got: isSecond.length,
      expected: points.length,
    });
  }
  if (!(Number.isFinite(ridge) && ridge >= 0)) {
    throw new SegError('invalid-argument', {
      where: 'discriminantAxis',
      problem: 'the ridge is out of range',
      got: ridge,
      expected: 'a finite number from 0 up',
    });
  }
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
  for (let i = 0; i < within.rows; i++) within.set(i, i, within.get(i, i) + ridge * trace);
  const difference = means[1]!.map((v, i) => v - means[0]![i]!);
  const solution = solve(within, Matrix.columnVector(difference)).getColumn(0);
  const direction = unit(solution);
  const centre = mean(points);
  const along = project(points, { direction, centre });
  const total = covariance(points, centre).trace();
  const variance = along.reduce((s, v) => s + v * v, 0) / along.length;
  return { direction, centre, explained: total > 0 ? variance / total : 0 };
}

/**
 * Coordinates along an axis; none for no points.
 *
 * @throws SegError `shape-mismatch` for an axis of another size than the points, `invalid-argument` for numbers that are
 * not finite.
 */
export function project(points: Points, axis: Pick<Axis, 'direction' | 'centre'>): number[] {
  if (points.length === 0) return [];
  checkPoints('project', points);
  const size = points[0]!.length;
  const sizes = [axis.direction.length, axis.centre.length];
  if (sizes.some((n) => n !== size)) {
    throw new SegError('shape-mismatch', {
      where: 'project',
      problem: 'direction and centre of the axis have another size than the points',
      got: sizes,
      expected: size,
      hint: 'Use an axis of the same latents.',
    });
  }
  if (![...axis.direction, ...axis.centre].every(Number.isFinite)) {
    throw new SegError('invalid-argument', {
      where: 'project',
      problem: 'direction and centre of the axis must be finite',
      got: [axis.direction.map(String), axis.centre.map(String)],
    });
  }
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
