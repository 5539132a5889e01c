import type { Triple } from '@seg/core';

/** One window under one mirroring. */
export interface WindowJob {
  readonly start: Triple;
  readonly flips: readonly boolean[];
}

/** All windows, the rolling axis outermost so that finished voxels can be released, mirrorings innermost. */
export function windowJobs(
  starts: readonly (readonly number[])[],
  rollingAxis: number,
  flips: readonly boolean[][],
): WindowJob[] {
  const [a, b] = [0, 1, 2].filter((axis) => axis !== rollingAxis) as [number, number];
  const jobs: WindowJob[] = [];
  for (const outer of starts[rollingAxis]!) {
    for (const middle of starts[a]!) {
      for (const inner of starts[b]!) {
        const start: [number, number, number] = [0, 0, 0];
        start[rollingAxis] = outer;
        start[a] = middle;
        start[b] = inner;
        for (const flip of flips) jobs.push({ start, flips: flip });
      }
    }
  }
  return jobs;
}

/** Every subset of the axes. */
export function flipsOf(axes: readonly number[]): boolean[][] {
  return Array.from({ length: 2 ** axes.length }, (_, bits) =>
    [0, 1, 2].map((axis) => axes.includes(axis) && ((bits >> axes.indexOf(axis)) & 1) === 1),
  );
}
