import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SegError } from '@seg/core';
import { type DataPlace, resolveInside } from './resolve-inside.ts';

const MAX_DESCRIPTION_BYTES = 64 * 2 ** 20;

/** The text of a data set's description. */
export async function readDescription(place: DataPlace, name: string): Promise<string> {
  const path = join(place.root, name);
  try {
    const { size } = await stat(path);
    if (size > MAX_DESCRIPTION_BYTES) {
      throw new SegError('limit-exceeded', {
        where: path,
        problem: 'the description is too large',
        got: size,
        expected: `at most ${MAX_DESCRIPTION_BYTES} bytes`,
      });
    }
    return await readFile(await resolveInside(place, name), 'utf8');
  } catch (cause) {
    if (cause instanceof SegError) throw cause;
    throw new SegError('io-failure', { where: path, problem: 'cannot read the file', cause });
  }
}
