import { checkOption, type Rng, SegError, type Triple } from '@seg/core';
import { mirror } from '../spatial/mirror.ts';
import { dropSlices } from './drop-slices.ts';
import { jitterContour } from './jitter-contour.ts';
import { type Connectivity, dilateLabels, erodeLabels, labelSet } from './morphology.ts';
import { relabel } from './relabel.ts';
import { shiftLabels } from './shift-labels.ts';

/** A number, or a range of whole numbers (both ends included) of which each case draws its own. */
export type CountOrRange = number | readonly [number, number];

/** Label values (1 to 255) that a perturbation changes; the others keep their voxels. Default all. */
interface ChosenLabels {
  readonly labels?: readonly number[];
}

/** One way of spoiling a label map. */
export type Perturbation =
  | ({
      readonly kind: 'erode' | 'dilate';
      readonly rounds: CountOrRange;
      readonly connectivity?: Connectivity;
      readonly axis?: number;
    } & ChosenLabels)
  /** The same displacement in every case: a systematic error. */
  | ({ readonly kind: 'shift'; readonly shiftVoxels: Triple } & ChosenLabels)
  | ({
      readonly kind: 'dropSlices';
      readonly count: CountOrRange;
      readonly axis?: number;
      readonly from?: 'start' | 'end' | 'ends' | 'random';
    } & ChosenLabels)
  /** The label mirrored to the other side of the volume; default along x. */
  | ({ readonly kind: 'wrongSide'; readonly axis?: number } & ChosenLabels)
  /** Labels `from` become label `to`. */
  | { readonly kind: 'merge'; readonly from: readonly number[]; readonly to: number }
  /** Two labels exchanged, such as left and right. */
  | { readonly kind: 'swap'; readonly labels: readonly [number, number] }
  | ({
      readonly kind: 'jitter';
      readonly standardDeviationVoxels: number;
      readonly correlationVoxels?: number;
    } & ChosenLabels);

const KINDS = ['erode', 'dilate', 'shift', 'dropSlices', 'wrongSide', 'merge', 'swap', 'jitter'] as const;

/**
 * Applies one perturbation. Small labels can vanish by it; `perturbLabels` keeps some of them.
 *
 * @returns a new label map, and the perturbation with every range replaced by what was drawn.
 * @throws SegError `invalid-argument` for unknown kinds and for numbers that a perturbation cannot have.
 */
export function applyPerturbation(
  label: Uint8Array,
  shape: Triple,
  perturbation: Perturbation,
  rng: Rng,
): { readonly label: Uint8Array; readonly applied: Perturbation } {
  const applied = drawNumbers(perturbation, rng);
  return { label: applyDrawn(label, shape, applied, rng), applied };
}

/** A perturbation whose ranges are numbers. */
export type DrawnPerturbation = Perturbation & { readonly rounds?: number; readonly count?: number };

/** Replaces every range by a number of its own. */
export function drawNumbers(perturbation: Perturbation, rng: Rng): DrawnPerturbation {
  checkOption('applyPerturbation', 'kind', perturbation.kind, KINDS);
  switch (perturbation.kind) {
    case 'erode':
    case 'dilate':
      return { ...perturbation, rounds: draw(perturbation.rounds, rng) };
    case 'dropSlices':
      return { ...perturbation, count: draw(perturbation.count, rng) };
    default:
      return perturbation;
  }
}

/** What `drawNumbers` gave, applied; the generator is then where it left it. */
export function applyDrawn(label: Uint8Array, shape: Triple, drawn: DrawnPerturbation, rng: Rng): Uint8Array {
  switch (drawn.kind) {
    case 'erode':
    case 'dilate': {
      const { kind, rounds, connectivity = 6, axis, labels } = drawn;
      if (labels !== undefined) checkLabels(labels);
      return (kind === 'erode' ? erodeLabels : dilateLabels)(label, shape, {
        rounds,
        connectivity,
        ...(axis === undefined ? {} : { axis }),
        ...(labels === undefined ? {} : { labels }),
      });
    }
    case 'shift':
      return onLabels(label, drawn.labels, (part) => shiftLabels(part, shape, drawn.shiftVoxels));
    case 'dropSlices': {
      const { count, axis = 0, from = 'random', labels } = drawn;
      return onLabels(label, labels, (part) => dropSlices(part, shape, { axis, count, from }, rng));
    }
    case 'wrongSide':
      return onLabels(label, drawn.labels, (part) => mirror(part, shape, [drawn.axis ?? 2]));
    case 'merge':
      return relabel(label, Object.fromEntries(drawn.from.map((value) => [value, drawn.to])));
    case 'swap': {
      const [a, b] = drawn.labels;
      return relabel(label, { [a]: b, [b]: a });
    }
    case 'jitter': {
      const { standardDeviationVoxels, correlationVoxels = 4, labels } = drawn;
      const options = { standardDeviationVoxels, correlationVoxels };
      return onLabels(label, labels, (part) => jitterContour(part, shape, options, rng));
    }
  }
}

/** Changes some labels alone: they leave their voxels to the background, and take none of the other labels. */
function onLabels(
  label: Uint8Array,
  labels: readonly number[] | undefined,
  change: (part: Uint8Array) => Uint8Array,
): Uint8Array {
  if (labels === undefined) return change(label);
  checkLabels(labels);
  const chosen = labelSet(labels);
  const changed = change(label.map((value) => (chosen[value] ? value : 0)));
  return label.map((value, i) => (value !== 0 && !chosen[value] ? value : changed[i]!));
}

function checkLabels(labels: readonly number[]): void {
  if (labels.length > 0 && labels.every((v) => Number.isInteger(v) && v >= 1 && v <= 255)) return;
  throw new SegError('invalid-argument', {
    where: 'applyPerturbation',
    problem: 'labels must be whole numbers from 1 to 255, one at least',
    got: labels,
  });
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
