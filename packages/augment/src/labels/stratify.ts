import { type Rng, SegError } from '@seg/core';

/**
 * Divides names among kinds at random, but in exact numbers: as many of each kind as its share says, where drawing a kind
 * for every name by itself can give 13 of 20 to one of two.
 *
 * @param shares parts of the names by kind, relative to their sum; what is left by rounding down goes to those with the
 * largest remainders, of equal ones to the first
 * @returns the kind of each name; it depends on the generator and the names, not on their order
 * @throws SegError `invalid-argument` for names that repeat, and shares that are negative or all 0.
 */
export function stratify<Kind extends string>(
  names: readonly string[],
  shares: Readonly<Record<Kind, number>>,
  rng: Rng,
): ReadonlyMap<string, Kind> {
  const kinds = Object.keys(shares) as Kind[];
  const counts = apportion(
    names.length,
    kinds.map((kind) => shares[kind]),
  );
  if (new Set(names).size !== names.length) throw invalid('names must be unique', names);
  const order = rng.split().shuffle([...names].sort());
  const kindOf = new Map<string, Kind>();
  let next = 0;
  for (const [k, kind] of kinds.entries()) {
    for (const name of order.slice(next, next + counts[k]!)) kindOf.set(name, kind);
    next += counts[k]!;
  }
  return kindOf;
}

/** Whole numbers in the proportion of the shares that add up to the total (largest remainders). */
function apportion(total: number, shares: readonly number[]): readonly number[] {
  const sum = shares.reduce((a, b) => a + b, 0);
  if (!shares.every((share) => share >= 0) || !(sum > 0 && Number.isFinite(sum))) {
    throw invalid('shares must be at least 0, and one of them more', shares);
  }
  const quotas = shares.map((share) => (total * share) / sum);
  // Quotas that are whole but for rounding count as whole.
  const counts = quotas.map((quota) => Math.floor(quota + 1e-9));
  const left = total - counts.reduce((a, b) => a + b, 0);
  const byRemainder = quotas
    .map((quota, i) => ({ i, remainder: Math.round((quota - counts[i]!) * 1e9) }))
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  for (const { i } of byRemainder.slice(0, left)) counts[i]!++;
  return counts;
}

function invalid(problem: string, got: unknown): SegError {
  return new SegError('invalid-argument', { where: 'stratify', problem, got });
}
