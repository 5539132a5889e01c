import { checkOption, nearestName, SegError } from '@seg/core';
import type { Size3 } from '@seg/ops';
import { type DropoutConfig, dropoutEach, dropoutKinds, dropoutPlaces } from '../layers/dropout-plan.ts';

/** Readers of plain JSON values for one network's configuration; each throws `SegError` naming the field. */
export interface ConfigReader {
  /** Refuses fields that are not in the list, with the nearest one. */
  only(fields: readonly string[]): void;
  choice<T extends string>(field: string, choices: readonly T[], fallback: T): T;
  flag(field: string, fallback: boolean): boolean;
  oneOf<T extends number>(field: string, choices: readonly T[], fallback: T): T;
  number(field: string, low: number, high: number, fallback?: number): number;
  count(field: string, low: number, fallback?: number): number;
  counts(field: string, low: number, fallback?: readonly number[]): number[];
  /** One count for all of `length` entries, or one each. */
  spread(field: string, length: number, low: number, fallback: number): number[];
  /** One size for all of `length` stages, or one a stage; a number stands for all axes (of 2-D networks: H and W). */
  sizes(field: string, length: number, fallback: (stage: number) => number): Size3[];
  dropout(field: string): Required<DropoutConfig> | null;
}

/** A reader of `config` (untrusted: it may come from a file). */
export function configReader(where: string, config: unknown, dims: () => 2 | 3): ConfigReader {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new SegError('invalid-argument', { where, problem: 'the configuration must be an object', got: config });
  }
  const values = config as Record<string, unknown>;
  const fail = (field: string, expected: string): never => {
    throw new SegError('invalid-argument', { where, problem: `bad ${field}`, got: values[field], expected });
  };
  const isCount = (v: unknown, low: number): v is number => Number.isSafeInteger(v) && (v as number) >= low;
  const reader: ConfigReader = {
    only(fields) {
      for (const name of Object.keys(values)) {
        if (fields.includes(name)) continue;
        const near = nearestName(name, fields);
        const hint = near === undefined ? `Known: ${fields.join(', ')}.` : `Did you mean "${near}"?`;
        throw new SegError('unknown-option', { where, problem: 'unknown field in the configuration', got: name, hint });
      }
    },
    choice: (field, choices, fallback) => checkOption(where, field, values[field] ?? fallback, choices),
    flag(field, fallback) {
      const value = values[field] ?? fallback;
      return typeof value === 'boolean' ? value : fail(field, 'true or false');
    },
    oneOf(field, choices, fallback) {
      const value = values[field] ?? fallback;
      return choices.find((c) => c === value) ?? fail(field, choices.join(' or '));
    },
    number(field, low, high, fallback) {
      const value = values[field] ?? fallback;
      return typeof value === 'number' && value >= low && value <= high
        ? value
        : fail(field, `a number in ${low} to ${high}`);
    },
    count(field, low, fallback) {
      const value = values[field] ?? fallback;
      return isCount(value, low) ? value : fail(field, `an integer of at least ${low}`);
    },
    counts(field, low, fallback) {
      const value = values[field] ?? fallback;
      const valid = Array.isArray(value) && value.every((v) => isCount(v, low));
      return valid ? [...value] : fail(field, `a list of integers of at least ${low}`);
    },
    spread(field, length, low, fallback) {
      const value = values[field] ?? fallback;
      if (isCount(value, low)) return Array(length).fill(value);
      const valid = Array.isArray(value) && value.length === length && value.every((v) => isCount(v, low));
      return valid ? [...value] : fail(field, `an integer of at least ${low}, or ${length} of them`);
    },
    sizes(field, length, fallback) {
      const value = values[field];
      const whole = (v: number): Size3 => (dims() === 2 ? [1, v, v] : [v, v, v]);
      const toSize = (v: unknown): Size3 => {
        if (isCount(v, 1)) return whole(v);
        const triple = Array.isArray(v) && v.length === 3 && v.every((n) => isCount(n, 1));
        return triple
          ? (v as unknown as Size3)
          : fail(field, `a size or ${length} of them, a size being n or [d, h, w]`);
      };
      if (value === undefined) return Array.from({ length }, (_, s) => whole(fallback(s)));
      if (typeof value === 'number') return Array.from({ length }, () => toSize(value));
      if (!Array.isArray(value) || value.length !== length) return fail(field, `one size, or ${length} of them`);
      return value.map(toSize);
    },
    dropout(field) {
      const value = values[field];
      if (value === undefined || value === null) return null;
      const inner = configReader(`${where}: ${field}`, value, dims);
      inner.only(['rate', 'kind', 'each', 'places']);
      const places = (value as DropoutConfig).places ?? 'all';
      const named = Array.isArray(places) && places.every((p) => typeof p === 'string');
      return {
        rate: inner.number('rate', 0, 1 - 2 ** -24),
        kind: inner.choice('kind', dropoutKinds, 'element'),
        each: inner.choice('each', dropoutEach, 'stage'),
        places: named ? (places as readonly string[]) : inner.choice('places', dropoutPlaces, 'all'),
      };
    },
  };
  return reader;
}

/** Requires odd kernels, whose symmetric padding keeps the size. */
export function checkOddKernels(where: string, field: string, kernels: readonly Size3[]): void {
  if (kernels.every((k) => k.every((n) => n % 2 === 1))) return;
  throw new SegError('invalid-argument', { where, problem: `${field} must have odd sizes`, got: kernels });
}
