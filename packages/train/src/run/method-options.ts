import { checkOption, SegError } from '@seg/core';
import type { JsonValue } from '../json.ts';

/** What the value of a method's option may be. */
export interface MethodOption {
  /** In words, for the error. */
  readonly expected: string;
  accepts(value: JsonValue): boolean;
}

/** A method's options by name; `fields` are those of an option that is an object of options itself. */
export type MethodOptions<Names extends string = string> = Readonly<
  Record<Names, MethodOption | { readonly fields: MethodOptions }>
>;

const numeric = (expected: string, accepts: (value: number) => boolean): MethodOption => ({
  expected,
  accepts: (value) => typeof value === 'number' && Number.isFinite(value) && accepts(value),
});

/** Parameters of each kind of schedule; those with `true` have no default. */
const SCHEDULES: Readonly<Record<string, Readonly<Record<string, boolean>>>> = {
  constant: {},
  poly: { exponent: false },
  cosine: { floor: false },
  step: { at: true, factor: false },
  linear: { from: true, to: true },
};

/** The usual kinds of options. */
export const methodOption = {
  positive: numeric('a number above 0', (value) => value > 0),
  atLeastZero: numeric('a number of at least 0', (value) => value >= 0),
  count: numeric('a whole number of at least 0', (value) => Number.isInteger(value) && value >= 0),
  numbers: { expected: 'a list of numbers', accepts: isNumbers },
  /** Lists of numbers by name. */
  numbersByName: {
    expected: 'an object of lists of numbers',
    accepts: (value) => isObject(value) && Object.values(value).every(isNumbers),
  },
  schedule: { expected: 'a schedule, such as {"kind":"cosine","floor":0.05}', accepts: isSchedule },
  oneOf: (...choices: readonly string[]): MethodOption => ({
    expected: choices.join(' | '),
    accepts: (value) => choices.includes(value as string),
  }),
} as const satisfies Record<string, MethodOption | ((...choices: readonly string[]) => MethodOption)>;

/**
 * Reads the options of a method as a run's configuration holds them; null means none.
 *
 * @param method its name, for errors
 * @param known the options that it has
 * @throws SegError `unknown-option` for a name that is not known, with those that are; `invalid-argument` for a value
 * of another kind.
 */
export function readMethodOptions<T extends object>(
  method: string,
  options: JsonValue,
  known: MethodOptions<Extract<keyof T, string>>,
): T {
  read(`method ${method}`, 'methodOptions', options ?? {}, known);
  return (options ?? {}) as T;
}

function read(where: string, path: string, options: JsonValue, known: MethodOptions): void {
  const names = Object.keys(known);
  if (!isObject(options)) {
    throw new SegError('invalid-argument', {
      where,
      problem: `${path} must be an object`,
      got: options,
      expected: `some of ${names.join(', ')}`,
    });
  }
  for (const [name, value] of Object.entries(options)) {
    const option = known[checkOption(where, `name in ${path}`, name, names)]!;
    if ('fields' in option) read(where, `${path}.${name}`, value, option.fields);
    else if (!option.accepts(value)) {
      throw new SegError('invalid-argument', {
        where,
        problem: `${path}.${name} cannot be that`,
        got: value,
        expected: option.expected,
      });
    }
  }
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumbers(value: JsonValue): value is readonly number[] {
  return Array.isArray(value) && value.every((v) => typeof v === 'number' && Number.isFinite(v));
}

function isSchedule(value: JsonValue): boolean {
  if (!isObject(value) || typeof value.kind !== 'string' || !Object.hasOwn(SCHEDULES, value.kind)) return false;
  const { kind, warmUp = 0, ...given } = value;
  const parameters = SCHEDULES[kind as string]!;
  const needed = Object.keys(parameters).filter((name) => parameters[name]);
  return (
    methodOption.atLeastZero.accepts(warmUp) &&
    (warmUp as number) <= 1 &&
    needed.every((name) => name in given) &&
    Object.entries(given).every(([name, v]) => name in parameters && isNumbers(name === 'at' ? v : [v]))
  );
}
