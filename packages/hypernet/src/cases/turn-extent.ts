import type { Triple } from '@seg/core';
import type { CaseExtent } from './working-grid.ts';

/** The extent of a case, measured on axes `from` ("LPS"), as it is once `reorient` has turned it to axes `to`. */
export function turnExtent(extent: CaseExtent, from: string, to: string): CaseExtent {
  const { imageMm, labelMm, spacingMm } = extent;
  const turn = (sizes: Triple) => turnSizes(sizes, from, to);
  return {
    imageMm: turn(imageMm),
    spacingMm: turn(spacingMm),
    ...(labelMm === undefined ? {} : { labelMm: turn(labelMm) }),
  };
}

// Codes name x, y, z; sizes are (z, y, x).
function turnSizes(sizes: Triple, from: string, to: string): Triple {
  const source = [...from].map(worldAxis);
  const of = (axis: number) => sizes[2 - source.indexOf(worldAxis(to[axis]!))]!;
  return [of(2), of(1), of(0)];
}

const worldAxis = (letter: string) => 'LRPAIS'.indexOf(letter) >> 1;
