import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SegError } from '@seg/core';

/** Result of work on the disk; what fails there becomes `io-failure` that names the path. */
export async function onDisk<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new SegError('io-failure', {
      where: path,
      problem: 'the file or folder cannot be read or written',
      got: (cause as Error).message,
      hint: 'Check that there is space left, and the permissions.',
      cause,
    });
  }
}

/** Writes all the bytes: one call of the system may take fewer, where the disk is nearly full for instance. */
export async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** A lock that nobody has renewed for this time was left behind. */
const abandonedMs = 120_000;
const renewalMs = 10_000;
const pollMs = 100;

/**
 * Runs `work` while no other call with the same lock file does, in this process or another one.
 *
 * The lock of a process that was killed is taken over: at once on the same machine, after two minutes elsewhere.
 *
 * @throws SegError `aborted` while it waits.
 */
export async function exclusively<T>(
  lock: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const owner: Owner = { host: hostname(), pid: process.pid, id: randomUUID() };
  await onDisk(lock, mkdir(dirname(lock), { recursive: true }));
  while (!(await acquire(lock, owner))) {
    if (signal?.aborted) {
      throw new SegError('aborted', { where: lock, problem: 'stopped by the caller', cause: signal.reason });
    }
    await delay(pollMs);
  }
  const renewal = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => undefined);
  }, renewalMs);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await rm(lock, { force: true });
  }
}

interface Owner {
  readonly host: string;
  readonly pid: number;
  readonly id: string;
}

async function acquire(lock: string, owner: Owner): Promise<boolean> {
  try {
    const file = await open(lock, 'wx');
    await file.writeFile(JSON.stringify(owner)).finally(() => file.close());
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') return onDisk(lock, Promise.reject(cause));
  }
  if (await isAbandoned(lock, owner.host)) await rm(lock, { force: true });
  return false;
}

async function isAbandoned(lock: string, host: string): Promise<boolean> {
  const info = await stat(lock).catch(() => undefined);
  if (info === undefined) return false;
  if (Date.now() - info.mtimeMs > abandonedMs) return true;
  try {
    const owner = JSON.parse(await readFile(lock, 'utf8')) as Partial<Owner>;
    return owner.host === host && typeof owner.pid === 'number' && !isAlive(owner.pid);
  } catch {
    return false; // it is being written, or was just released
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
