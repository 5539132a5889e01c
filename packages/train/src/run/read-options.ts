import { checkOption, SegError } from '@seg/core';
import * as v from 'valibot';
import type { JsonValue } from '../json.ts';
import type { OptionSchema, OptionsSchema } from './option-schemas.ts';

/**
 * Reads options, as JSON holds them, through their schema; null means none.
 *
 * @param where for errors, such as "method supervised".
 * @param path what the options are called, such as "methodOptions".
 * @throws SegError `unknown-option` for a name that is not known, with those that are and the nearest;
 * `invalid-argument` for a value of another kind, with what is expected.
 */
export function readOptions<S extends OptionsSchema>(
  where: string,
  path: string,
  options: JsonValue,
  schema: S,
): v.InferOutput<S> {
  const given = options ?? {};
  checkNames(where, path, given, schema);
  const result = v.safeParse(schema, given);
  if (result.success) return result.output;
  const [issue] = result.issues;
  // The place of the option itself: what is wrong within a list or a schedule is told by what is expected.
  const depth = depthOf(schema, issue.path ?? []);
  const keys = (issue.path ?? []).slice(0, depth).map(({ key }) => String(key));
  throw new SegError('invalid-argument', {
    where,
    problem: `${[path, ...keys].join('.')} cannot be that`,
    got: (issue.path ?? [])[depth - 1]?.value ?? given,
    expected: issue.message,
  });
}

/** Refuses unknown names of the options and of their groups, nearest name first. */
function checkNames(where: string, path: string, options: JsonValue, schema: OptionsSchema): void {
  const names = Object.keys(schema.entries);
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new SegError('invalid-argument', {
      where,
      problem: `${path} must be an object`,
      got: options,
      expected: `some of ${names.join(', ')}`,
    });
  }
  for (const [name, value] of Object.entries(options)) {
    checkOption(where, `name in ${path}`, name, names);
    const group = groupOf(schema.entries[name]!);
    if (group !== undefined) checkNames(where, `${path}.${name}`, value, group);
  }
}

/** The options within an option, where it is a group. */
export function groupOf(entry: unknown): OptionsSchema | undefined {
  const inner = unwrapped(entry as OptionSchema) as OptionsSchema;
  return inner.type === 'strict_object' ? inner : undefined;
}

/** The schema within `optional`. */
export function unwrapped(entry: OptionSchema): OptionSchema {
  const { wrapped } = entry as unknown as { readonly wrapped?: OptionSchema };
  return wrapped === undefined ? entry : unwrapped(wrapped);
}

function depthOf(schema: OptionsSchema, path: readonly { readonly key?: unknown }[]): number {
  const group = path.length < 2 ? undefined : groupOf(schema.entries[String(path[0]!.key)]!);
  return group === undefined ? Math.min(1, path.length) : 1 + depthOf(group, path.slice(1));
}
