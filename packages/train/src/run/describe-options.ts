import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import type { OptionsSchema } from './option-schemas.ts';
import { groupOf, unwrapped } from './read-options.ts';

/** One option for help texts. */
export interface OptionDescription {
  /** As `--option` takes it: groups and names with dots between. */
  readonly name: string;
  /** What its value may be, in words. */
  readonly expected: string;
  readonly description: string;
}

/** All options of a schema, those of groups by their full names, in order. */
export function describeOptions(schema: OptionsSchema, prefix = ''): readonly OptionDescription[] {
  return Object.entries(schema.entries).flatMap(([key, entry]) => {
    const name = `${prefix}${key}`;
    const group = groupOf(entry);
    if (group !== undefined) return describeOptions(group, `${name}.`);
    const inner = unwrapped(entry as never);
    const description = v.getDescription(inner as v.GenericSchema) ?? '';
    return [{ name, expected: messageOf(inner), description }];
  });
}

/** The JSON schema of a method's options. */
export function optionsJsonSchema(schema: OptionsSchema): object {
  return toJsonSchema(schema, { errorMode: 'ignore' });
}

/** What a schema says when it refuses. */
function messageOf(schema: unknown): string {
  const result = v.safeParse(schema as v.GenericSchema, Symbol('no value that JSON can hold'));
  return result.success ? 'any value' : result.issues[0].message;
}
