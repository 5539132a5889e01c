import { SegError } from '@seg/core';

/** Replaces label values, such as `{ 2: 1 }` to merge 2 into 1 or `{ 1: 2, 2: 1 }` to exchange sides. A new array. */
export function relabel(label: Uint8Array, mapping: Readonly<Record<number, number>>): Uint8Array {
  const table = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const [from, to] of Object.entries(mapping)) {
    if (!isLabel(Number(from)) || !isLabel(to)) {
      throw new SegError('invalid-argument', {
        where: 'relabel',
        problem: 'labels must be whole numbers from 0 to 255',
        got: mapping,
      });
    }
    table[Number(from)] = to;
  }
  return label.map((value) => table[value]!);
}

function isLabel(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 255;
}
