import type { Triple } from '@seg/core';
import type { CaseExtent } from './working-grid.ts';

/** The extent of a case, measured on axes `from` ("LPS"), as it is once `reorient` has turned it to axes `to`. */
export function turnExtent(extent: CaseExtent, from: string, to: string): CaseExtent {
  const { imageMm, labelMm, labelCentre, spacingMm } = extent;
  const turn = (sizes: Triple) => turnSizes(sizes, from, to);
  return {
    imageMm: turn(imageMm),
    spacingMm: turn(spacingMm),
    ...(labelMm === undefined ? {} : { labelMm: turn(labelMm) }),
    ...(labelCentre === undefined ? {} : { labelCentre: turnPlace(labelCentre, from, to) }),
  };
}

// A place is a part of an axis, from its other end where the direction is turned.
function turnPlace(place: Triple, from: string, to: string): Triple {
  const turned = turnSizes(place, from, to);
  const of = (axis: number) => (from.includes(to[axis]!) ? turned[2 - axis]! : 1 - turned[2 - axis]!);
  return [of(2), of(1), of(0)];
}

// Codes name x, y, z; sizes are (z, y, x).
function turnSizes(sizes: Triple, from: string, to: string): Triple {
  const source = [...from].map(worldAxis);
  const of = (axis: number) => sizes[2 - source.indexOf(worldAxis(to[axis]!))]!;
  return [of(2), of(1), of(0)];
}

const worldAxis = (letter: string) => 'LRPAIS'.indexOf(letter) >> 1;
