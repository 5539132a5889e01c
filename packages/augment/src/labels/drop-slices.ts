import { checkOption, type Rng, SegError, type Triple } from '@seg/core';
import { checkLabelMap } from './morphology.ts';

export interface DropSlicesOptions {
  /** Axis across the slices: 0 (z, default), 1 or 2. */
  readonly axis?: number;
  /** How many of the slices with labels lose them. */
  readonly count: number;
  /** The first or last ones (basal, apical), half at each end, or any. Default `random`. */
  readonly from?: 'start' | 'end' | 'ends' | 'random';
}

/**
 * Empties some of the slices that have labels, as if the annotator had left them out. A new array.
 *
 * @param rng needed for `from: 'random'` only.
 */
export function dropSlices(label: Uint8Array, shape: Triple, options: DropSlicesOptions, rng?: Rng): Uint8Array {
  const { axis = 0, count } = options;
  checkLabelMap('dropSlices', label, shape);
  const from = checkOption('dropSlices', 'from', options.from ?? 'random', ['start', 'end', 'ends', 'random']);
  if (![0, 1, 2].includes(axis) || !Number.isInteger(count) || count < 0) {
    throw new SegError('invalid-argument', {
      where: 'dropSlices',
      problem: 'needs an axis 0, 1 or 2 and a whole count',
      got: { axis, count },
    });
  }
  const stride = axis === 0 ? shape[1] * shape[2] : axis === 1 ? shape[2] : 1;
  const sliceOf = (i: number) => Math.floor(i / stride) % shape[axis]!;
  const used = new Uint8Array(shape[axis]!);
  for (let i = 0; i < label.length; i++) if (label[i] !== 0) used[sliceOf(i)] = 1;
  const slices = [...used.keys()].filter((s) => used[s] === 1);
  const dropped = new Set(choose(slices, count, from, rng));
  const output = label.slice();
  for (let i = 0; i < output.length; i++) if (dropped.has(sliceOf(i))) output[i] = 0;
  return output;
}

function choose(
  slices: readonly number[],
  count: number,
  from: 'start' | 'end' | 'ends' | 'random',
  rng: Rng | undefined,
): readonly number[] {
  if (from === 'start') return slices.slice(0, count);
  if (from === 'end') return slices.slice(Math.max(0, slices.length - count));
  if (from === 'ends') {
    const atStart = Math.ceil(Math.min(count, slices.length) / 2);
    const atEnd = Math.min(count, slices.length) - atStart;
    return [...slices.slice(0, atStart), ...slices.slice(slices.length - atEnd)];
  }
  if (rng === undefined) {
    throw new SegError('invalid-argument', { where: 'dropSlices', problem: 'random slices need an rng' });
  }
  return rng.shuffle(slices).slice(0, count);
}
