import { SegError } from '@seg/core';

/** Dice of every case (rows) with every network (columns). */
export type DiceTable = readonly (readonly number[])[];

/** The best of k networks for each case, known only to an oracle that has the reference ("best of five"). */
export function bestOf(table: DiceTable): number[] {
  checkTable('bestOf', table);
  return table.map((row) => Math.max(...row));
}

/**
 * How much the networks disagree: the standard deviation (over n) of a case's Dice over the networks, averaged over the
 * cases.
 */
export function styleDiversity(table: DiceTable): number {
  checkTable('styleDiversity', table);
  const spreads = table.map((row) => {
    const mean = row.reduce((a, b) => a + b, 0) / row.length;
    return Math.sqrt(row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / row.length);
  });
  return spreads.reduce((a, b) => a + b, 0) / spreads.length;
}

function checkTable(where: string, table: DiceTable): void {
  const width = table[0]?.length ?? 0;
  if (width > 0 && table.every((row) => row.length === width && row.every(Number.isFinite))) return;
  throw new SegError('invalid-argument', {
    where,
    problem: 'needs a full table of finite Dice values, a row for each case',
    got: table.map((row) => row.length),
  });
}
