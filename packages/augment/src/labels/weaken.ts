import type { Triple } from '@seg/core';
import type { DrawnPerturbation } from './perturbation.ts';

/** Steps in which a perturbation without whole numbers of its own is weakened. */
const STEPS = 8;

/** In how many steps a perturbation can be weakened down to nothing; 1 where it is whole or not at all. */
export function strengthOf(drawn: DrawnPerturbation): number {
  switch (drawn.kind) {
    case 'erode':
      return drawn.rounds;
    case 'dropSlices':
      return drawn.count;
    case 'shift':
      return Math.max(...drawn.shiftVoxels.map(Math.abs));
    case 'jitter':
      return STEPS;
    default:
      return 1;
  }
}

/**
 * The same perturbation at strength k of `strengthOf`, k from 1 up: fewer rounds, fewer slices, a shorter way in the same
 * direction, a smaller displacement.
 */
export function weaken(drawn: DrawnPerturbation, k: number): DrawnPerturbation {
  const part = k / strengthOf(drawn);
  switch (drawn.kind) {
    case 'erode':
      return { ...drawn, rounds: k };
    case 'dropSlices':
      return { ...drawn, count: k };
    case 'shift':
      return { ...drawn, shiftVoxels: drawn.shiftVoxels.map((n) => Math.round(n * part)) as unknown as Triple };
    case 'jitter':
      return { ...drawn, standardDeviationVoxels: drawn.standardDeviationVoxels * part };
    default:
      return drawn;
  }
}
