import { SegError } from '@seg/core';

/** Known numbers of each case. */
export interface CaseConditions {
  /** Those of a case. */
  of(id: string): readonly number[];
  /** Those that predictions are made for. */
  readonly forPrediction: readonly number[];
  /** Throws `not-found` unless every case has its numbers. */
  check(caseIds: readonly string[]): void;
}

/** Checks the conditions of all cases once; without `forPrediction` predictions are made at their mean. */
export function caseConditions(
  where: string,
  size: number,
  conditions: Readonly<Record<string, readonly number[]>> = {},
  forPrediction?: readonly number[],
): CaseConditions {
  const given = Object.entries(conditions);
  if (size === 0 ? given.length > 0 || forPrediction !== undefined : given.length === 0) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'conditions and hyper.conditionDim go together',
      got: { conditionDim: size, cases: given.length },
      hint: 'Set hyper.conditionDim to how many numbers each case has, and conditions to those numbers by case id.',
    });
  }
  if (forPrediction !== undefined) given.push(['predictionCondition', forPrediction]);
  const wrong = given.find(([, values]) => values.length !== size || !values.every(Number.isFinite));
  if (wrong !== undefined) {
    throw new SegError('invalid-argument', {
      where,
      problem: `the condition of ${wrong[0]} is not one finite number for each of conditionDim`,
      got: wrong[1],
      expected: `${size} number(s)`,
    });
  }
  const all = Object.values(conditions);
  const mean = Array.from({ length: size }, (_, i) => all.reduce((sum, values) => sum + values[i]!, 0) / all.length);
  const absent = (ids: readonly string[]) =>
    new SegError('not-found', {
      where,
      problem: `${ids.length} case(s) have no condition`,
      got: ids.slice(0, 5),
      hint: 'Give conditions[id] for every case.',
    });
  return {
    of(id) {
      if (size === 0) return [];
      if (!Object.hasOwn(conditions, id)) throw absent([id]);
      return conditions[id]!;
    },
    forPrediction: forPrediction ?? mean,
    check(caseIds) {
      const missing = size === 0 ? [] : caseIds.filter((id) => !Object.hasOwn(conditions, id));
      if (missing.length > 0) throw absent(missing);
    },
  };
}
