import { type Rng, type RngState, SegError, type Triple } from '@seg/core';
import { checkLabelMap, labelSet } from './morphology.ts';
import { applyPerturbation, type Perturbation } from './perturbation.ts';

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
  readonly perturbation: Perturbation;
}

/** What was done to one case. */
export interface PerturbationRecord {
  readonly id: string;
  /** Name of its group; `clean` for a case that was not chosen, or in which nothing changed. */
  readonly group: string;
  /** The perturbation with its drawn numbers; null for a clean case. */
  readonly applied: Perturbation | null;
  /** Labels that kept their voxels, because the perturbation would have taken them away whole (or, rarely, others). */
  readonly kept: readonly number[];
  readonly foregroundBefore: number;
  readonly foregroundAfter: number;
  /** Voxels with the same label above 0, twice, over all labelled voxels before and after; 1 if there are none. */
  readonly dice: number;
}

/** Everything needed to repeat and to score an experiment; plain JSON. */
export interface PerturbationManifest {
  readonly schemaVersion: 2;
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
 * No perturbation but merges and swaps takes a label away from a case: one that erosion, a shift, missing slices or
 * jitter would remove whole keeps its voxels, and the record names it in `kept`.
 *
 * @returns the label map of every case, clean ones unchanged (the same array), in the order given.
 * @throws SegError `invalid-argument` for fractions that are no such thing or exceed 1 together, and for repeated ids.
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
  const groupOf = new Map<string, PerturbationGroup>();
  let next = 0;
  for (const group of plan.groups) {
    const count = Math.min(Math.round(group.fraction * cases.length), cases.length - next);
    for (const id of order.slice(next, next + count)) groupOf.set(id, group);
    next += count;
  }
  const draws = rng.split();
  const labels: Uint8Array[] = [];
  const records = cases.map(({ id, label, shape }): PerturbationRecord => {
    checkLabelMap(`perturbLabels: ${id}`, label, shape);
    const group = groupOf.get(id);
    const result = group && applyPerturbation(label, shape, group.perturbation, draws.fork(id));
    const { spoilt, kept } = keepVanished(label, result?.label ?? label, group?.perturbation);
    const isClean = result === undefined || spoilt.every((value, i) => value === label[i]);
    labels.push(isClean ? label : spoilt);
    return {
      id,
      group: isClean ? 'clean' : (group!.name ?? group!.perturbation.kind),
      applied: isClean ? null : result.applied,
      kept,
      ...compare(label, spoilt),
    };
  });
  return { labels, manifest: { schemaVersion: 2, plan, rng: state, cases: records } };
}

/** Gives labels that are gone their voxels back; those that were merged or swapped are meant to go. */
function keepVanished(before: Uint8Array, after: Uint8Array, perturbation: Perturbation | undefined) {
  const isMeant = perturbation?.kind === 'merge' || perturbation?.kind === 'swap';
  const vanished = isMeant ? [] : missing(before, after);
  if (vanished.length === 0) return { spoilt: after, kept: [] };
  const isKept = labelSet(vanished);
  const spoilt = after.map((value, i) => (isKept[before[i]!] ? before[i]! : value));
  // What comes back may lie where all of another label had moved to: then all stays.
  return missing(before, spoilt).length === 0
    ? { spoilt, kept: vanished }
    : { spoilt: before.slice(), kept: missing(before, new Uint8Array()) };
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
