import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isSegError, SegError } from '@seg/core';
import { clause } from '../../native/clause.ts';
import { runCommand } from './command.ts';
import type { PinnedWheel } from './pinned-wheels.ts';
import type { OnProgress } from './progress.ts';
import { hashFile } from './wheel-archive.ts';

const architectures: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** The first Python on the PATH (or `PYTHON`) that has pip. */
export async function findPython(): Promise<string> {
  for (const program of [process.env.PYTHON, 'python3', 'python']) {
    if (program === undefined) continue;
    try {
      await runCommand(program, ['-m', 'pip', '--version']);
      return program;
    } catch (error) {
      if (!isSegError(error)) throw error;
    }
  }
  throw new SegError('not-found', {
    where: 'installBackend',
    problem: 'there is no Python with pip, which fetches the TensorFlow wheel',
    hint: 'Install python3-pip, or download the wheel elsewhere and name it with --from FILE.',
  });
}

/**
 * Downloads a pinned wheel into `folder` and checks its sha256; a file that is there and right is kept.
 *
 * @throws SegError `corrupt-data` when the checksum differs, `io-failure` when pip fails.
 */
export async function downloadWheel(
  wheel: PinnedWheel,
  folder: string,
  options: { readonly onProgress: OnProgress; readonly signal?: AbortSignal },
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const target = join(folder, wheel.file);
  const message = `${wheel.distribution} ${wheel.version}`;
  const there = await stat(target).catch(() => undefined);
  if (there === undefined) {
    const python = await findPython();
    const staging = await mkdtemp(join(folder, `download-${process.pid}-`));
    const watch = watchSize(staging, (bytes) => {
      options.onProgress({ step: 'download', message: `${message}: ${(bytes / 1e6).toFixed(0)} MB` });
    });
    try {
      await runCommand(python, pipArguments(wheel, staging), {
        env: { TMPDIR: staging },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      await rename(join(staging, wheel.file), target);
    } catch (cause) {
      if (isSegError(cause, 'aborted')) throw cause;
      throw new SegError('io-failure', {
        where: 'installBackend',
        problem: `pip could not download ${message}: ${clause(cause)}`,
        hint: 'Check the connection to the package index, or download the wheel elsewhere and name it with --from FILE.',
        cause,
      });
    } finally {
      watch();
      await rm(staging, { recursive: true, force: true });
    }
  }
  options.onProgress({ step: 'download', message: `${message}: checking the checksum` });
  const sha256 = await hashFile(target);
  if (sha256 === wheel.sha256) return target;
  await rm(target, { force: true });
  throw new SegError('corrupt-data', {
    where: 'installBackend',
    problem: `the checksum of ${wheel.file} differs`,
    got: sha256,
    expected: wheel.sha256,
    hint: 'The file was removed; try again, and if it differs again, do not trust that package index.',
  });
}

function pipArguments(wheel: PinnedWheel, folder: string): string[] {
  const machine = architectures[process.arch] ?? process.arch;
  const platforms = [`manylinux_2_27_${machine}`, `manylinux_2_17_${machine}`, `manylinux2014_${machine}`];
  // The Python version only picks among equal builds, so the pip at hand may run under any Python.
  return [
    ...['-m', 'pip', 'download', '-qq', '--no-deps', '--only-binary=:all:', '--no-cache-dir'],
    ...['--disable-pip-version-check', '--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'],
    ...platforms.flatMap((platform) => ['--platform', platform]),
    ...['-d', folder, `${wheel.distribution}==${wheel.version}`],
  ];
}

/** Calls back with the bytes below a folder every half second; returns the function that stops it. */
function watchSize(folder: string, report: (bytes: number) => void): () => void {
  const measure = async (path: string): Promise<number> => {
    const found = await readdir(path, { withFileTypes: true }).catch(() => []);
    const sizes = found.map((entry) => {
      const child = join(path, entry.name);
      return entry.isDirectory()
        ? measure(child)
        : stat(child).then(
            ({ size }) => size,
            () => 0,
          );
    });
    return (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
  };
  const timer = setInterval(() => void measure(folder).then((bytes) => bytes > 0 && report(bytes)), 500);
  return () => clearInterval(timer);
}
