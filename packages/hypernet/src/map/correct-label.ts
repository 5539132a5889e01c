import { SegError } from '@seg/core';

/** Value of the disagreement map: both, neither, the given label only, the prediction only, not looked at. */
export const disagreement = { background: 0, agreed: 1, removed: 2, added: 3, notSeen: 255 } as const;

export interface CorrectedLabel {
  /**
   * The label map in which the foreground is the prediction's; values of agreed voxels stay. Of the given type, or of a
   * wider one where that does not hold the first of the labels.
   */
  readonly corrected: Uint8Array | Int16Array | Int32Array;
  /** `disagreement` of every voxel. */
  readonly map: Uint8Array;
  /** Voxels that the prediction adds and removes. */
  readonly added: number;
  readonly removed: number;
  /** Dice of given and predicted foreground, where both were looked at; 1 if both are empty. */
  readonly dice: number;
}

/**
 * Corrects a label map by a prediction in the dominant style.
 *
 * Voxels that the prediction has not looked at (255) keep their label. Added voxels get the value of the nearest given
 * foreground voxel when there are several label values, as a merged prediction does not tell them apart.
 *
 * @param given label map on the scan's grid
 * @param predicted 0, 1, or 255 where not looked at (`restoreMask`)
 * @param options.shape (z, y, x); `labels` the values that the prediction stands for, default all above 0; the first is
 * that of added voxels far from any given one
 * @throws SegError `shape-mismatch` when the arrays differ in size, `invalid-argument` for labels that are no whole numbers
 * above 0, for none, and for a prediction with other values.
 */
export function correctLabel(
  given: Uint8Array | Int16Array | Int32Array,
  predicted: Uint8Array,
  options: { readonly shape: readonly [number, number, number]; readonly labels?: readonly number[] },
): CorrectedLabel {
  const { shape, labels } = options;
  if (given.length !== predicted.length || given.length !== shape[0] * shape[1] * shape[2]) {
    throw new SegError('shape-mismatch', {
      where: 'correctLabel',
      problem: 'label, prediction and shape differ in size',
      got: [given.length, predicted.length, shape],
    });
  }
  const isValue = (v: number) => Number.isInteger(v) && v > 0 && v < 2 ** 31;
  if (labels !== undefined && (labels.length === 0 || !labels.every(isValue))) {
    throw new SegError('invalid-argument', {
      where: 'correctLabel',
      problem: 'labels must be whole numbers above 0, one at least',
      got: labels,
      expected: 'integers in [1, 2^31)',
      hint: 'Leave them out for all values above 0.',
    });
  }
  const odd = predicted.find((value) => value !== 0 && value !== 1 && value !== 255);
  if (odd !== undefined) {
    throw new SegError('invalid-argument', {
      where: 'correctLabel',
      problem: 'the prediction has a value that means nothing',
      got: odd,
      expected: '0, 1, or 255 where not looked at',
      hint: 'Give the foreground as 1, whatever its label value, as restoreMask does.',
    });
  }
  const counts = (value: number) => (labels === undefined ? value > 0 : labels.includes(value));
  const fallback = labels?.[0] ?? 1;
  const corrected = copyThatHolds(given, fallback);
  const map = new Uint8Array(given.length);
  let agreed = 0;
  let added = 0;
  let removed = 0;
  const newVoxels: number[] = [];
  for (let i = 0; i < given.length; i++) {
    const inside = counts(given[i]!);
    if (predicted[i] === 255) {
      map[i] = disagreement.notSeen;
    } else if (predicted[i] === 1) {
      map[i] = inside ? disagreement.agreed : disagreement.added;
      if (inside) agreed++;
      else if (given[i] === 0) {
        added++;
        newVoxels.push(i);
      } else map[i] = disagreement.background; // another structure's voxel stays its own
    } else if (inside) {
      map[i] = disagreement.removed;
      corrected[i] = 0;
      removed++;
    }
  }
  fill(corrected, given, newVoxels, { shape, counts, fallback });
  const total = 2 * agreed + added + removed;
  return { corrected, map, added, removed, dice: total === 0 ? 1 : (2 * agreed) / total };
}

function copyThatHolds(given: Uint8Array | Int16Array | Int32Array, value: number) {
  const most = given instanceof Uint8Array ? 255 : given instanceof Int16Array ? 32_767 : 2 ** 31 - 1;
  if (value <= most) return given.slice();
  return value <= 32_767 ? Int16Array.from(given) : Int32Array.from(given);
}

/** Gives added voxels the value of a neighbour that has one, ring by ring; far ones the fallback. */
function fill(
  corrected: Uint8Array | Int16Array | Int32Array,
  given: ArrayLike<number>,
  voxels: readonly number[],
  options: {
    readonly shape: readonly [number, number, number];
    readonly counts: (value: number) => boolean;
    readonly fallback: number;
  },
): void {
  const [depth, height, width] = options.shape;
  let open = [...voxels];
  const known = (i: number) => options.counts(corrected[i]!) || options.counts(given[i]!);
  const valueAt = (i: number) => (options.counts(corrected[i]!) ? corrected[i]! : given[i]!);
  while (open.length > 0) {
    const found: [number, number][] = [];
    const rest: number[] = [];
    for (const i of open) {
      const x = i % width;
      const y = Math.floor(i / width) % height;
      const z = Math.floor(i / (width * height));
      const around = [
        ...(x > 0 ? [i - 1] : []),
        ...(x + 1 < width ? [i + 1] : []),
        ...(y > 0 ? [i - width] : []),
        ...(y + 1 < height ? [i + width] : []),
        ...(z > 0 ? [i - width * height] : []),
        ...(z + 1 < depth ? [i + width * height] : []),
      ];
      const neighbour = around.find(known);
      if (neighbour === undefined) rest.push(i);
      else found.push([i, valueAt(neighbour)]);
    }
    for (const [i, value] of found) corrected[i] = value;
    if (found.length === 0) for (const i of rest) corrected[i] = options.fallback;
    open = found.length === 0 ? [] : rest;
  }
}
