import { SegError, type VoxelArray } from '@seg/core';

/** Which values of a label map belong to an object: one label, several, or (default) everything but 0. */
export type LabelValues = number | readonly number[];

/** A test for belonging to an object, as a table for bytes and as a function for everything else. */
export interface Membership {
  readonly bytes: Uint8Array;
  readonly has: (value: number) => boolean;
}

/** The membership test of a label, of a set of labels, or of all values but 0. */
export function membershipOf(where: string, label?: LabelValues): Membership {
  const bytes = new Uint8Array(256);
  if (label === undefined) {
    bytes.fill(255, 1);
    return { bytes, has: (value) => value !== 0 };
  }
  const values = new Set(typeof label === 'number' ? [label] : label);
  if (values.size === 0 || ![...values].every(Number.isInteger)) {
    throw new SegError('invalid-argument', { where, problem: 'a label must be one or more integers', got: label });
  }
  for (const value of values) if (value >= 0 && value < 256) bytes[value] = 255;
  return { bytes, has: (value) => values.has(value) };
}

/** Numbers converted at a time when data is not bytes. */
const CHUNK = 4096;

/**
 * Sets `bit` in `target[at + i]` for the voxels `data[start + i]`, i < count, that belong to the object.
 *
 * Bytes go through the table; all other types through one float64 buffer, so that the loops stay monomorphic.
 */
export function markMembers(
  where: string,
  data: VoxelArray,
  start: number,
  count: number,
  membership: Membership,
  target: Uint8Array,
  at: number,
  bit: number,
): void {
  if (data instanceof Uint8Array) {
    markBytes(data, start, count, membership.bytes, target, at, bit);
    return;
  }
  const buffer = new Float64Array(Math.min(CHUNK, count));
  for (let done = 0; done < count; done += CHUNK) {
    const length = Math.min(CHUNK, count - done);
    buffer.set(data.subarray(start + done, start + done + length));
    let lastValue = 0;
    let lastBit = membership.has(0) ? bit : 0;
    for (let i = 0; i < length; i++) {
      const value = buffer[i]!;
      if (value !== lastValue) {
        if (Number.isNaN(value)) rejectNaN(where, start + done + i);
        lastValue = value;
        lastBit = membership.has(value) ? bit : 0;
      }
      target[at + done + i]! |= lastBit;
    }
  }
}

function markBytes(
  data: Uint8Array,
  start: number,
  count: number,
  table: Uint8Array,
  target: Uint8Array,
  at: number,
  bit: number,
): void {
  for (let i = 0; i < count; i++) target[at + i]! |= table[data[start + i]!]! & bit;
}

function rejectNaN(where: string, index: number): never {
  throw new SegError('invalid-argument', {
    where,
    problem: 'a mask or label map holds NaN',
    got: `NaN at index ${index}`,
    hint: 'Replace NaN by a label before comparing.',
  });
}
