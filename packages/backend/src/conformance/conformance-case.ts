import type { Tensor } from '@tensorflow/tfjs-core';
import type { Values } from './values.ts';

/**
 * Where a case comes from: `ops`, an op of @seg/ops; `tfjs`, an op of tfjs that these packages use; `unused`, one that
 * they avoid because some backend of tfjs gets it wrong.
 */
export type ConformanceGroup = 'ops' | 'tfjs' | 'unused';

/** One op with fixed inputs, and the same in plain float64 loops. */
export interface ConformanceCase {
  readonly group: ConformanceGroup;
  readonly op: string;
  /** What is special about this case: sizes, strides, padding. */
  readonly name: string;
  readonly inputs: readonly Values[];
  readonly run: (...inputs: Tensor[]) => Tensor;
  readonly reference: (...inputs: Values[]) => Values;
  /** Inputs whose gradient is checked; none for ops without one. */
  readonly differentiable: readonly number[];
}

/** Adds cases of one op to a list. */
export type AddCase = (
  op: string,
  name: string,
  inputs: readonly Values[],
  run: ConformanceCase['run'],
  reference: ConformanceCase['reference'],
  differentiable?: readonly number[],
) => void;

/** A list of cases and the function that adds to it; by default every input has a gradient. */
export function caseList(group: ConformanceGroup): { readonly cases: ConformanceCase[]; readonly add: AddCase } {
  const cases: ConformanceCase[] = [];
  const add: AddCase = (op, name, inputs, run, reference, differentiable = inputs.map((_, i) => i)) => {
    cases.push({ group, op, name, inputs, run, reference, differentiable });
  };
  return { cases, add };
}
