import { type Affine, SegError } from '@seg/core';
import { nearestRotation } from './nearest-rotation.ts';

/** For each voxel axis x, y, z: the world axis it runs along most closely and whether it runs that way or against it. */
export type Orientation = readonly [AxisDirection, AxisDirection, AxisDirection];

export interface AxisDirection {
  /** 0 left-right, 1 posterior-anterior, 2 inferior-superior. */
  readonly worldAxis: 0 | 1 | 2;
  readonly sign: 1 | -1;
}

const LETTERS = [
  ['L', 'R'],
  ['P', 'A'],
  ['I', 'S'],
] as const;

/**
 * Axis codes of an affine, voxel axes in x, y, z order, each named by the side it points to: "RAS", "LPS", "PSR", ...
 * (the same as nibabel's `aff2axcodes`).
 */
export function axisCodesOf(affine: Affine): string {
  return orientationOf(affine).map(axisLetter).join('');
}

/** The side to which an axis points: R, L, A, P, S or I. */
export function axisLetter({ worldAxis, sign }: AxisDirection): string {
  return LETTERS[worldAxis][sign === 1 ? 1 : 0];
}

/**
 * The orientation that axis codes name.
 *
 * @throws SegError `invalid-argument` unless the three letters name each of R/L, A/P and S/I once.
 */
export function parseAxisCodes(where: string, codes: string): Orientation {
  const directions = [...codes].map((letter): AxisDirection | undefined => {
    const worldAxis = ([0, 1, 2] as const).find((axis) => (LETTERS[axis] as readonly string[]).includes(letter));
    return worldAxis === undefined ? undefined : { worldAxis, sign: LETTERS[worldAxis][1] === letter ? 1 : -1 };
  });
  if (
    directions.length !== 3 ||
    new Set(directions.map((d) => d?.worldAxis)).size !== 3 ||
    directions.includes(undefined)
  ) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'not axis codes',
      got: codes,
      expected: 'one of R/L, one of A/P and one of S/I in capitals, as in "RAS"',
    });
  }
  return directions as unknown as Orientation;
}

/**
 * The orientation of an affine, with three different world axes also where an axis of the affine has no direction of its
 * own.
 */
export function orientationOf(affine: Affine): Orientation {
  const directions = axisDirections(affine);
  const free = WORLD_AXES.filter((axis) => directions.every((direction) => direction?.worldAxis !== axis));
  return directions.map((direction) => direction ?? { worldAxis: free.shift()!, sign: 1 }) as unknown as Orientation;
}

const WORLD_AXES = [0, 1, 2] as const;

/** Smallest entry of a rotation's column that counts as a direction, as in NumPy's `allclose`. */
const LEAST_DIRECTION = 1e-8;

/** Entries that differ by no more than rounding are ties, in which the first counts. */
const TIE = 1e-12;

/**
 * The world axis along which each voxel axis runs, as nibabel's `io_orientation` finds it, null where there is none: of
 * the rotation nearest to the affine's columns, axes are assigned from the clearest to the least clear.
 *
 * Exact ties (half a turn about a space diagonal, 45 degrees) go to the first axis; nibabel leaves some of them to the
 * rounding of its SVD.
 */
export function axisDirections(affine: Affine): (AxisDirection | null)[] {
  const rotation = nearestRotation(affine);
  const clarity = rotation.map((column) => Math.max(...column.map(Math.abs)));
  const result: (AxisDirection | null)[] = [null, null, null];
  const waiting = [0, 1, 2];
  while (waiting.length > 0) {
    const [axis] = waiting.splice(firstLargest(waiting.map((i) => clarity[i]!)), 1) as [number];
    const column = rotation[axis]!;
    const worldAxis = firstLargest(column.map(Math.abs)) as 0 | 1 | 2;
    if (!(Math.abs(column[worldAxis]!) > LEAST_DIRECTION)) continue;
    result[axis] = { worldAxis, sign: column[worldAxis]! < 0 ? -1 : 1 };
    for (const other of rotation) other[worldAxis] = 0;
  }
  return result;
}

function firstLargest(values: readonly number[]): number {
  const largest = Math.max(...values);
  return values.findIndex((value) => value >= largest - TIE);
}
