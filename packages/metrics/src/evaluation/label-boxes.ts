import { SegError, type VoxelArray } from '@seg/core';
import type { Grid } from '../grid.ts';
import { skipZeros, wordsOf } from '../numeric/zeros.ts';
import type { Box } from '../surface/bounding-box.ts';

/** A box that can still grow: [low z, low y, low x, high z, high y, high x], inclusive. */
type Bounds = [number, number, number, number, number, number];

/** The box of every value other than 0 that occurs in any of the label maps, in one pass over each. */
export function labelBoxes(where: string, maps: readonly VoxelArray[], grid: Grid): Map<number, Box> {
  const bounds = new Map<number, Bounds>();
  const [depth, height, width] = grid.shape;
  const row = new Float64Array(width);
  for (const map of maps) {
    const words = map instanceof Uint8Array ? wordsOf(map) : undefined;
    for (let z = 0, start = 0; z < depth; z++) {
      for (let y = 0; y < height; y++, start += width) {
        if (map instanceof Uint8Array) {
          const first = skipZeros(map, words, start, start + width);
          scanRow(where, map, start, first - start, width, z, y, bounds);
        } else {
          row.set(map.subarray(start, start + width));
          scanRow(where, row, 0, 0, width, z, y, bounds);
        }
      }
    }
  }
  return new Map([...bounds].map(([value, b]) => [value, { low: [b[0], b[1], b[2]], high: [b[3], b[4], b[5]] }]));
}

function scanRow(
  where: string,
  row: Uint8Array | Float64Array,
  start: number,
  first: number,
  width: number,
  z: number,
  y: number,
  bounds: Map<number, Bounds>,
): void {
  for (let x = first; x < width; ) {
    const value = row[start + x]!;
    let end = x + 1;
    while (end < width && row[start + end] === value) end++;
    if (value !== 0) include(where, bounds, value, z, y, x, end - 1);
    x = end;
  }
}

function include(
  where: string,
  bounds: Map<number, Bounds>,
  value: number,
  z: number,
  y: number,
  first: number,
  last: number,
): void {
  const box = bounds.get(value);
  if (box === undefined) {
    if (!Number.isInteger(value)) {
      throw new SegError('invalid-argument', {
        where,
        problem: 'a label map holds a value that is no integer',
        got: value,
        hint: 'Is it an image or a probability map? Take the argmax or a threshold first.',
      });
    }
    bounds.set(value, [z, y, first, z, y, last]);
    return;
  }
  if (z < box[0]) box[0] = z;
  if (y < box[1]) box[1] = y;
  if (first < box[2]) box[2] = first;
  if (z > box[3]) box[3] = z;
  if (y > box[4]) box[4] = y;
  if (last > box[5]) box[5] = last;
}
