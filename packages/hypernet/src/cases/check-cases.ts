import { SegError } from '@seg/core';
import type { TrainingCase } from '@seg/train';

/** Refuses no cases at all, and cases that do not share one grid: samples are whole cases. */
export function checkCases(where: string, cases: readonly TrainingCase[]): void {
  const first = cases[0];
  if (first === undefined) throw new SegError('invalid-argument', { where, problem: 'there are no cases', got: 0 });
  const other = cases.find((c) => c.shape.join() !== first.shape.join() || c.channels !== first.channels);
  if (other === undefined) return;
  throw new SegError('shape-mismatch', {
    where,
    problem: `${other.info.id} has another shape or other channels than ${first.info.id}`,
    got: [other.channels, ...other.shape],
    expected: [first.channels, ...first.shape],
    hint: 'Bring all cases onto one grid with prepareMapCase.',
  });
}
