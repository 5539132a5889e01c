import { isSegError, SegError } from '@seg/core';

/**
 * Maps items and gathers the `SegError`s of all of them, so that a user sees every fault at once.
 *
 * @throws the error itself where there is one; where there are more, one `SegError` that lists the first 20 and has
 * an `AggregateError` of all as its cause.
 */
export function mapCollecting<T, R>(where: string, items: readonly T[], map: (item: T, index: number) => R): R[] {
  const errors: SegError[] = [];
  const results: R[] = [];
  items.forEach((item, index) => {
    try {
      results.push(map(item, index));
    } catch (error) {
      if (!isSegError(error)) throw error;
      errors.push(error);
    }
  });
  if (errors.length === 0) return results;
  if (errors.length === 1) throw errors[0];
  const shown = errors.slice(0, 20).map((error) => `\n- ${error.problem}`);
  throw new SegError(errors[0]!.code, {
    where,
    problem: `${errors.length} entries are wrong:${shown.join('')}${errors.length > 20 ? '\n- and more' : ''}\n`,
    hint: errors[0]!.hint ?? 'Correct the file and verify the data set again.',
    cause: new AggregateError(errors),
  });
}
