import { SegError } from '@seg/core';

/**
 * Adjusted Rand index of two clusterings, 1 for the same partition, about 0 for unrelated ones (Hubert and Arabie 1985).
 *
 * Cluster names are any values. Two clusterings of one cluster each, or of single members only: 1, for they agree.
 *
 * @throws SegError `shape-mismatch` if the lists differ in length.
 */
export function adjustedRandIndex(a: ArrayLike<number | string>, b: ArrayLike<number | string>): number {
  if (a.length !== b.length) {
    throw new SegError('shape-mismatch', {
      where: 'adjustedRandIndex',
      problem: 'the clusterings differ in length',
      got: [a.length, b.length],
    });
  }
  const rows = new Map<number | string, number>();
  const columns = new Map<number | string, number>();
  const cells = new Map<number | string, Map<number | string, number>>();
  for (let i = 0; i < a.length; i++) {
    const [p, q] = [a[i]!, b[i]!];
    rows.set(p, (rows.get(p) ?? 0) + 1);
    columns.set(q, (columns.get(q) ?? 0) + 1);
    const row = cells.get(p) ?? new Map<number | string, number>();
    cells.set(p, row.set(q, (row.get(q) ?? 0) + 1));
  }
  const pairs = (count: number): number => (count * (count - 1)) / 2;
  const sum = (counts: Iterable<number>): number => [...counts].reduce((total, count) => total + pairs(count), 0);
  const together = [...cells.values()].reduce((total, row) => total + sum(row.values()), 0);
  const [inA, inB] = [sum(rows.values()), sum(columns.values())];
  const expected = a.length < 2 ? 0 : (inA * inB) / pairs(a.length);
  const most = (inA + inB) / 2;
  return most === expected ? 1 : (together - expected) / (most - expected);
}
