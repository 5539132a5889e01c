import { checkOption, type Rng, SegError, type Triple } from '@seg/core';
import { mirror } from '../spatial/mirror.ts';
import { dropSlices } from './drop-slices.ts';
import { jitterContour } from './jitter-contour.ts';
import { type Connectivity, dilateLabels, erodeLabels } from './morphology.ts';
import { relabel } from './relabel.ts';
import { shiftLabels } from './shift-labels.ts';

/** A number, or a range of whole numbers (both ends included) of which each case draws its own. */
export type CountOrRange = number | readonly [number, number];

/** One way of spoiling a label map. */
export type Perturbation =
  | { readonly kind: 'erode' | 'dilate'; readonly rounds: CountOrRange; readonly connectivity?: Connectivity }
  /** The same displacement in every case: a systematic error. */
  | { readonly kind: 'shift'; readonly shiftVoxels: Triple }
  | {
      readonly kind: 'dropSlices';
      readonly count: CountOrRange;
      readonly axis?: number;
      readonly from?: 'start' | 'end' | 'ends' | 'random';
    }
  /** The label mirrored to the other side of the volume; default along x. */
  | { readonly kind: 'wrongSide'; readonly axis?: number }
  /** Labels `from` become label `to`. */
  | { readonly kind: 'merge'; readonly from: readonly number[]; readonly to: number }
  /** Two labels exchanged, such as left and right. */
  | { readonly kind: 'swap'; readonly labels: readonly [number, number] }
  | {
      readonly kind: 'jitter';
      readonly standardDeviationVoxels: number;
      readonly correlationVoxels?: number;
    };

const KINDS = ['erode', 'dilate', 'shift', 'dropSlices', 'wrongSide', 'merge', 'swap', 'jitter'] as const;

/**
 * Applies one perturbation.
 *
 * @returns a new label map, and the perturbation with every range replaced by what was drawn.
 */
export function applyPerturbation(
  label: Uint8Array,
  shape: Triple,
  perturbation: Perturbation,
  rng: Rng,
): { readonly label: Uint8Array; readonly applied: Perturbation } {
  checkOption('applyPerturbation', 'kind', perturbation.kind, KINDS);
  switch (perturbation.kind) {
    case 'erode':
    case 'dilate': {
      const rounds = draw(perturbation.rounds, rng);
      const { connectivity = 6 } = perturbation;
      const apply = perturbation.kind === 'erode' ? erodeLabels : dilateLabels;
      return { label: apply(label, shape, { rounds, connectivity }), applied: { ...perturbation, rounds } };
    }
    case 'shift':
      return { label: shiftLabels(label, shape, perturbation.shiftVoxels), applied: perturbation };
    case 'dropSlices': {
      const count = draw(perturbation.count, rng);
      const { axis = 0, from = 'random' } = perturbation;
      return { label: dropSlices(label, shape, { axis, count, from }, rng), applied: { ...perturbation, count } };
    }
    case 'wrongSide':
      return { label: mirror(label, shape, [perturbation.axis ?? 2]), applied: perturbation };
    case 'merge': {
      const mapping = Object.fromEntries(perturbation.from.map((value) => [value, perturbation.to]));
      return { label: relabel(label, mapping), applied: perturbation };
    }
    case 'swap': {
      const [a, b] = perturbation.labels;
      return { label: relabel(label, { [a]: b, [b]: a }), applied: perturbation };
    }
    case 'jitter': {
      const { standardDeviationVoxels, correlationVoxels = 4 } = perturbation;
      const options = { standardDeviationVoxels, correlationVoxels };
      return { label: jitterContour(label, shape, options, rng), applied: perturbation };
    }
  }
}

function draw(value: CountOrRange, rng: Rng): number {
  if (typeof value === 'number') return value;
  const [low, high] = value;
  if (!Number.isInteger(low) || !Number.isInteger(high) || low < 0 || high < low) {
    throw new SegError('invalid-argument', {
      where: 'applyPerturbation',
      problem: 'a range must be two whole numbers in order',
      got: value,
    });
  }
  return low + rng.integer(high - low + 1);
}
