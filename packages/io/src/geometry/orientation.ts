import { type Affine, invertAffine, SegError } from '@seg/core';

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
  return orientationOf(affine)
    .map(({ worldAxis, sign }) => LETTERS[worldAxis][sign === 1 ? 1 : 0])
    .join('');
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
 * The orientation of an affine: the rotation nearest to its columns is taken, then axes are assigned from the clearest
 * to the least clear, so that oblique and sheared grids get three different world axes.
 */
export function orientationOf(affine: Affine): Orientation {
  const rotation = nearestRotation(affine);
  const order = [0, 1, 2].sort((a, b) => clarity(rotation, b) - clarity(rotation, a));
  const result: AxisDirection[] = [];
  const taken = new Set<number>();
  for (const column of order) {
    let best = -1;
    for (let row = 0; row < 3; row++) {
      if (taken.has(row)) continue;
      if (best < 0 || Math.abs(rotation[3 * row + column]!) > Math.abs(rotation[3 * best + column]!)) best = row;
    }
    taken.add(best);
    result[column] = { worldAxis: best as 0 | 1 | 2, sign: rotation[3 * best + column]! < 0 ? -1 : 1 };
  }
  return result as unknown as Orientation;
}

function clarity(rotation: readonly number[], column: number): number {
  return Math.max(...[0, 1, 2].map((row) => Math.abs(rotation[3 * row + column]!)));
}

/** Orthogonal factor of the polar decomposition of the affine's unit columns, row-major, by Newton's iteration. */
function nearestRotation(affine: Affine): readonly number[] {
  let current = [0, 1, 2].flatMap((row) => [0, 1, 2].map((column) => affine[4 * row + column]!));
  for (let column = 0; column < 3; column++) {
    const length = Math.hypot(current[column]!, current[3 + column]!, current[6 + column]!) || 1;
    for (let row = 0; row < 3; row++) current[3 * row + column]! /= length;
  }
  for (let step = 0; step < 60; step++) {
    const [a, b, c, d, e, f, g, h, i] = current as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const inverse = invertAffine([a, b, c, 0, d, e, f, 0, g, h, i, 0, 0, 0, 0, 1]);
    const next = current.map((value, k) => (value + inverse[4 * (k % 3) + Math.floor(k / 3)]!) / 2);
    const change = Math.max(...next.map((value, k) => Math.abs(value - current[k]!)));
    current = next;
    if (change < 1e-14) break;
  }
  return current;
}
