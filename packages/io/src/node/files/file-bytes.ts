import { constants } from 'node:buffer';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { SegError } from '@seg/core';

/** Largest single read: the system call takes at most 2 GiB. */
const chunkBytes = 2 ** 30;

/** Opens a file for reading, runs `work` and closes it; failures of the file system become SegErrors that name it. */
export async function withFile<T>(path: string, work: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  const file = await openRegular(path);
  try {
    return await work(file, (await file.stat()).size);
  } catch (cause) {
    if (cause instanceof SegError || !(cause instanceof Error) || !('syscall' in cause)) throw cause;
    throw new SegError('io-failure', { where: path, problem: 'reading failed', got: cause.message, cause });
  } finally {
    await file.close();
  }
}

async function openRegular(path: string): Promise<FileHandle> {
  try {
    // Looked at before it is opened: opening a named pipe would wait for ever.
    if ((await stat(path)).isFile()) return await open(path, 'r');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new SegError(missing ? 'not-found' : 'io-failure', {
      where: path,
      problem: missing ? 'there is no such file' : 'the file cannot be opened',
      ...(missing ? {} : { got: (cause as Error).message }),
      hint: 'Check the path and the permissions.',
      cause,
    });
  }
  throw new SegError('invalid-argument', { where: path, problem: 'this is no regular file' });
}

/** Memory that is not cleared; refuses what an array cannot be. */
export function allocateBytes(path: string, length: number): Uint8Array<ArrayBuffer> {
  if (length > constants.MAX_LENGTH) {
    throw new SegError('limit-exceeded', {
      where: path,
      problem: 'the data is larger than an array can be in this version of Node',
      got: `${length} bytes`,
      expected: `at most ${constants.MAX_LENGTH}`,
      hint: 'Read it in slabs (readImageSlabs).',
    });
  }
  try {
    return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  } catch (cause) {
    throw new SegError('limit-exceeded', {
      where: path,
      problem: 'there is not enough memory for the data',
      got: `${length} bytes`,
      hint: 'Read it in slabs (readImageSlabs).',
      cause,
    });
  }
}

/** Reads `length` bytes at `position`, or as many as there are, also beyond 2 GiB. */
export function readBytes(
  path: string,
  file: FileHandle,
  position: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return readInto(file, position, allocateBytes(path, length));
}

/** Fills `bytes` from `position` on; shorter where the file ends before. */
export async function readInto(
  file: FileHandle,
  position: number,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { length } = bytes;
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, Math.min(chunkBytes, length - done), position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done === length ? bytes : bytes.subarray(0, done);
}
