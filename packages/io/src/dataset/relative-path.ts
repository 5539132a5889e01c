import { SegError } from '@seg/core';

/**
 * A path of a data set's description, cleaned: forward slashes, no `./`.
 *
 * @throws SegError `invalid-argument` for anything that could lead out of the data set's folder: absolute paths, drive
 * letters, `..`, backslashes, NUL and other control characters, the empty path.
 */
export function cleanRelativePath(where: string, path: string): string {
  const refuse = (problem: string): never => {
    throw new SegError('invalid-argument', {
      where,
      problem: `unsafe path: ${problem}`,
      got: JSON.stringify(path),
      hint: "Paths must be relative to the data set's folder and stay inside it; move the file there or correct the description.",
    });
  };
  for (let i = 0; i < path.length; i++) if (path.charCodeAt(i) < 32) refuse('it has a control character');
  if (path.includes('\\')) refuse('it has a backslash; use forward slashes');
  if (path.startsWith('/')) refuse('it is absolute');
  if (/^[A-Za-z]:/.test(path)) refuse('it has a drive letter');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) refuse('it climbs with ".."');
  if (parts.length === 0) refuse('it is empty');
  return parts.join('/');
}
