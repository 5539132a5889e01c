import { type Rng, type RngState, SegError, type Triple } from '@seg/core';
import { checkLabelMap } from './morphology.ts';
import { applyDrawn, drawNumbers, type Perturbation } from './perturbation.ts';
import { stratify } from './stratify.ts';
import { strengthOf, weaken } from './weaken.ts';

/** A case whose label map may be spoiled. */
export interface LabelledCase {
  readonly id: string;
  /** [D, H, W]. */
  readonly label: Uint8Array;
  readonly shape: Triple;
}

/** Which part of the cases gets which perturbation; no case gets two. */
export interface PerturbationPlan {
  readonly groups: readonly PerturbationGroup[];
}

export interface PerturbationGroup {
  /** Name of the group in the manifest; default the perturbation's kind. */
  readonly name?: string;
  /** Part of all cases, rounded to whole cases. */
  readonly fraction: number;
  /**
   * Or several, such as erosion and dilation: the cases of the group are shared out among them at random, but evenly (the
   * first ones get one more where it does not come out even).
   */
  readonly perturbation: Perturbation | readonly Perturbation[];
}

/** What was done to one case. */
export interface PerturbationRecord {
  readonly id: string;
  /** Name of its group; `clean` for a case that was not chosen, or in which nothing changed. */
  readonly group: string;
  /** The perturbation with its drawn numbers, of which labels in `kept` got less; null for a clean case. */
  readonly applied: Perturbation | null;
  /**
   * Labels that the perturbation would have taken away whole (or, rarely, that would have been pushed out by one of
   * those): they are as the strongest weaker one leaves something of them, or as they were.
   */
  readonly kept: readonly number[];
  readonly foregroundBefore: number;
  readonly foregroundAfter: number;
  /** Voxels with the same label above 0, twice, over all labelled voxels before and after; 1 if there are none. */
  readonly dice: number;
}

/** Everything needed to repeat and to score an experiment; plain JSON. */
export interface PerturbationManifest {
  readonly schemaVersion: 3;
  readonly plan: PerturbationPlan;
  /** State of the generator before the first draw. */
  readonly rng: RngState;
  /** In the order of the cases. */
  readonly cases: readonly PerturbationRecord[];
}

/**
 * Spoils the labels of some cases and records what was done to which.
 *
 * Which cases are chosen depends on the generator and on the ids, not on the order in which cases are given; what is
 * drawn for a case depends on its id alone.
 *
 * No perturbation but merges and swaps takes a label away from a case. Of one that would go whole stays what it last
 * was: after fewer rounds of erosion, with a slice left, shifted less far or jittered less, with the same random numbers;
 * the record names it in `kept`.
 *
 * @returns the label map of every case, clean ones unchanged (the same array), in the order given.
 * @throws SegError `invalid-argument` for fractions that are no such thing or exceed 1 together, for repeated ids, and
 * for groups without a perturbation.
 */
export function perturbLabels(
  cases: readonly LabelledCase[],
  plan: PerturbationPlan,
  rng: Rng,
): { readonly labels: readonly Uint8Array[]; readonly manifest: PerturbationManifest } {
  const fractions = plan.groups.map(({ fraction }) => fraction);
  const sum = fractions.reduce((a, b) => a + b, 0);
  if (!fractions.every((f) => f >= 0 && f <= 1) || sum > 1 + 1e-9) {
    throw invalid('fractions must be in [0, 1] and not exceed 1 together', fractions);
  }
  if (new Set(cases.map(({ id }) => id)).size !== cases.length) {
    throw invalid(
      'case ids must be unique',
      cases.map(({ id }) => id),
    );
  }
  const state = rng.state;
  const order = rng.split().shuffle(cases.map(({ id }) => id).sort());
  const groupOf = new Map<string, { readonly name: string | undefined; readonly perturbation: Perturbation }>();
  const draws = rng.split();
  let next = 0;
  for (const group of plan.groups) {
    const count = Math.min(Math.round(group.fraction * cases.length), cases.length - next);
    const ids = order.slice(next, next + count);
    const perturbationOf = sharedOut(ids, group.perturbation, draws.fork(`group ${next}`));
    for (const id of ids) groupOf.set(id, { name: group.name, perturbation: perturbationOf(id) });
    next += count;
  }
  const labels: Uint8Array[] = [];
  const records = cases.map(({ id, label, shape }): PerturbationRecord => {
    checkLabelMap(`perturbLabels: ${id}`, label, shape);
    const group = groupOf.get(id);
    if (group === undefined) {
      labels.push(label);
      return { id, group: 'clean', applied: null, kept: [], ...compare(label, label) };
    }
    const { spoilt, applied, kept } = spoil(label, shape, group.perturbation, () => draws.fork(id));
    const isClean = spoilt.every((value, i) => value === label[i]);
    labels.push(isClean ? label : spoilt);
    return {
      id,
      group: isClean ? 'clean' : (group.name ?? group.perturbation.kind),
      applied: isClean ? null : applied,
      kept,
      ...compare(label, spoilt),
    };
  });
  return { labels, manifest: { schemaVersion: 3, plan, rng: state, cases: records } };
}

function sharedOut(ids: readonly string[], given: PerturbationGroup['perturbation'], rng: Rng) {
  const choices: readonly Perturbation[] = [given].flat();
  if (choices.length === 0) throw invalid('a group needs a perturbation', given);
  const places = stratify(ids, Object.fromEntries(choices.map((_, i) => [`${i}`, 1])), rng);
  return (id: string) => choices[Number(places.get(id))]!;
}

/** Applies a perturbation, more weakly to those labels of which nothing would be left; `start` is the case's generator. */
function spoil(before: Uint8Array, shape: Triple, perturbation: Perturbation, start: () => Rng) {
  const rng = start();
  const applied = drawNumbers(perturbation, rng);
  const after = applyDrawn(before, shape, applied, rng);
  // Those that were merged or swapped are meant to go.
  const isMeant = perturbation.kind === 'merge' || perturbation.kind === 'swap';
  const vanished = isMeant ? [] : missing(before, after);
  if (vanished.length === 0) return { spoilt: after, applied, kept: vanished };
  const strength = strengthOf(applied);
  const known = new Map([[0, before]]);
  const at = (k: number): Uint8Array => {
    const rngAgain = start();
    drawNumbers(perturbation, rngAgain);
    const label = known.get(k) ?? applyDrawn(before, shape, weaken(applied, k), rngAgain);
    known.set(k, label);
    return label;
  };
  const spoilt = after.slice();
  for (const value of vanished) {
    // The strongest that leaves something: labels shrink step by step, so that halving finds it.
    let [some, none] = [0, strength];
    while (none - some > 1) {
      const middle = (some + none) >> 1;
      if (at(middle).includes(value)) some = middle;
      else none = middle;
    }
    const rest = at(some);
    for (let i = 0; i < rest.length; i++) if (rest[i] === value) spoilt[i] = value;
  }
  // What comes back may lie where all of another label had moved to: then all stays.
  return missing(before, spoilt).length === 0
    ? { spoilt, applied, kept: vanished }
    : { spoilt: before.slice(), applied, kept: missing(before, new Uint8Array()) };
}

/** Labels above 0 of one map that another does not have, in order. */
function missing(before: Uint8Array, after: Uint8Array): number[] {
  const here = new Uint8Array(256);
  for (const value of before) here[value] = 1;
  for (const value of after) here[value] = 0;
  return [...here.keys()].filter((value) => value > 0 && here[value] === 1);
}

function compare(before: Uint8Array, after: Uint8Array) {
  let foregroundBefore = 0;
  let foregroundAfter = 0;
  let agreed = 0;
  for (let i = 0; i < before.length; i++) {
    if (before[i] !== 0) foregroundBefore++;
    if (after[i] !== 0) foregroundAfter++;
    if (before[i] !== 0 && before[i] === after[i]) agreed++;
  }
  const total = foregroundBefore + foregroundAfter;
  return { foregroundBefore, foregroundAfter, dice: total === 0 ? 1 : (2 * agreed) / total };
}

function invalid(problem: string, got: unknown): SegError {
  return new SegError('invalid-argument', { where: 'perturbLabels', problem, got });
}
