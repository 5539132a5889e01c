import { SegError } from '@seg/core';

/**
 * JSON text that is the same for equal values: members are sorted by name.
 *
 * @throws SegError `invalid-argument` for what JSON cannot hold without loss: undefined, functions, NaN, typed arrays, ...
 */
export function canonicalJson(value: unknown, where = 'canonicalJson'): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(Object.is(value, -0) ? 0 : value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, where)).join(',')}]`;
  if (typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value))) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item, where)}`).join(',')}}`;
  }
  throw new SegError('invalid-argument', {
    where,
    problem: 'the value cannot be written as JSON without loss',
    got: typeof value === 'object' ? Object.prototype.toString.call(value) : String(value),
    hint: 'Use plain objects, lists, texts, finite numbers, true, false and null; leave out what is undefined.',
  });
}
