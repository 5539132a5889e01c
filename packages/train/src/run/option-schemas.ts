import * as v from 'valibot';
import type { Schedule } from '../optimiser/schedule.ts';

/** A schema that values are read through; its messages say what is expected. */
export type OptionSchema<T = unknown> = v.GenericSchema<unknown, T>;

/** The options of a method, or a group of them. */
export type OptionsSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>;

const finite = (expected: string) => v.pipe(v.number(expected), v.finite(expected));
const numbersSchema = v.array(finite('a list of numbers'), 'a list of numbers');

const ABOVE_0 = 'a number above 0';
const SCHEDULE = 'a schedule, such as {"kind":"cosine","floor":0.05}';
const warmUp = v.exactOptional(v.pipe(v.number(SCHEDULE), v.minValue(0, SCHEDULE), v.maxValue(1, SCHEDULE)));
const factor = finite(SCHEDULE);
const scheduleSchema = v.variant(
  'kind',
  [
    v.strictObject({ kind: v.literal('constant'), warmUp }, SCHEDULE),
    v.strictObject({ kind: v.literal('poly'), exponent: v.exactOptional(factor), warmUp }, SCHEDULE),
    v.strictObject({ kind: v.literal('cosine'), floor: v.exactOptional(factor), warmUp }, SCHEDULE),
    v.strictObject({ kind: v.literal('step'), at: v.array(factor), factor: v.exactOptional(factor), warmUp }, SCHEDULE),
    v.strictObject({ kind: v.literal('linear'), from: factor, to: factor, warmUp }, SCHEDULE),
  ],
  SCHEDULE,
);

/** The usual kinds of options; each takes the sentence that `seg methods` and `--help` print. */
export const option = {
  positive: (description: string) => described(v.pipe(finite(ABOVE_0), v.gtValue(0, ABOVE_0)), description),
  atLeastZero: (description: string) =>
    described(v.pipe(finite('a number of at least 0'), v.minValue(0, 'a number of at least 0')), description),
  /** A number from 0 to 1, both included. */
  fraction: (description: string) =>
    described(
      v.pipe(
        finite('a number from 0 to 1'),
        v.minValue(0, 'a number from 0 to 1'),
        v.maxValue(1, 'a number from 0 to 1'),
      ),
      description,
    ),
  count: (description: string) =>
    described(
      v.pipe(
        v.number('a whole number of at least 0'),
        v.integer('a whole number of at least 0'),
        v.minValue(0, 'a whole number of at least 0'),
      ),
      description,
    ),
  flag: (description: string) => described(v.boolean('true or false'), description),
  numbers: (description: string) => described(numbersSchema, description),
  /** Lists of numbers by name. */
  numbersByName: (description: string) =>
    described(
      v.pipe(
        v.custom<Readonly<Record<string, unknown>>>(isPlainObject, 'an object of lists of numbers'),
        v.record(v.string(), v.array(finite('an object of lists of numbers'), 'an object of lists of numbers')),
      ),
      description,
    ),
  schedule: (description: string) => described(scheduleSchema as OptionSchema<Schedule>, description),
  oneOf: <const T extends string>(choices: readonly T[], description: string) =>
    described(v.picklist(choices, choices.join(' | ')), description),
  /** Options within an option. */
  group: <const E extends v.ObjectEntries>(entries: E) => v.exactOptional(v.strictObject(entries)),
} as const;

/** Optional, with its description; defaults are the method's, named in the description. */
function described<const S extends v.GenericSchema>(schema: S, description: string) {
  return v.exactOptional(v.pipe(schema, v.description(description)) as unknown as S);
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
