import { isSegError } from '@seg/core';

/** What to do about errors of the file system that pass through as Node throws them. */
const CURES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: make room or write to another disk.',
  EDQUOT: 'The disk quota is used up: make room or write to another disk.',
  EACCES: 'Change the permissions or choose another folder.',
  EPERM: 'Change the permissions or choose another folder.',
  EROFS: 'The disk is read-only: choose another folder.',
  EEXIST: 'There is something else of that name: choose another one.',
  ENOENT: 'Check the path.',
  ENOTDIR: 'A part of the path is a file.',
  EISDIR: 'This is a folder; name a file.',
  EMFILE: 'Too many files are open: raise the limit with ulimit -n.',
};

/** What engines say when an array is too large for the memory or for them. */
const NO_MEMORY = /allocation failed|invalid (typed )?array length|array buffer/i;

/** An error as a code and a message for people. */
export function describeError(error: unknown): { readonly code: string; readonly message: string } {
  if (isSegError(error)) return { code: error.code, message: error.message };
  if (!(error instanceof Error)) return { code: 'internal', message: String(error) };
  const { code } = error as NodeJS.ErrnoException;
  const cure = code === undefined ? undefined : CURES[code];
  if (cure !== undefined) return { code: 'io-failure', message: `${error.message}. ${cure}` };
  if (error instanceof RangeError && NO_MEMORY.test(error.message)) {
    return { code: 'limit-exceeded', message: `there is not enough memory for this (${error.message})` };
  }
  return { code: 'internal', message: `${error.message} (this is a fault of seg: please report it)` };
}
