import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { SegError } from '@seg/core';
import type { NativeBackend } from '../../native/installed.ts';
import { type PinnedWheel, pinnedWheels } from './pinned-wheels.ts';
import { downloadWheel } from './pip.ts';
import type { OnProgress } from './progress.ts';
import { hashFile, unpackWheel } from './wheel-archive.ts';

/** libtensorflow with its headers, ready to link. */
export interface TensorflowLibrary {
  /** Folder of the two libraries. */
  readonly lib: string;
  /** File name of the main library. */
  readonly main: string;
  readonly include: string;
  /** The wheel's metadata, where there is one. */
  readonly metadata: string | undefined;
  readonly source: string;
}

/** Bytes that an installation takes: the wheel, what is unpacked of it, and the binding with its npm dependencies. */
const spaceNeeded = { tensorflow: 1.6e9, cuda: 3.2e9 } as const;

/**
 * Finds libtensorflow: the wheel or unpacked tree that the caller names, the cache, or the pinned wheel by pip.
 *
 * @throws SegError naming what is missing and what to do.
 */
export async function findTensorflow(
  name: NativeBackend,
  cache: string,
  options: { readonly from?: string; readonly onProgress: OnProgress; readonly signal?: AbortSignal },
): Promise<TensorflowLibrary> {
  const { from } = options;
  if (from !== undefined) {
    const path = resolve(from);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) {
      throw new SegError('not-found', {
        where: 'installBackend',
        problem: 'there is no such wheel or folder',
        got: path,
      });
    }
    if (found.isDirectory()) return layoutOf(path, path);
    await checkNamedWheel(path);
    return unpacked(path, await hashFile(path), name, cache, options);
  }
  const wheel = pinnedWheels[name][process.arch];
  if (wheel === undefined) {
    throw new SegError('unsupported', {
      where: 'installBackend',
      problem: `there is no ${name} wheel for this processor`,
      got: process.arch,
      expected: Object.keys(pinnedWheels[name]).join(', '),
      hint: 'Build libtensorflow yourself and name its folder with --from DIR.',
    });
  }
  checkGlibc(wheel);
  const home = join(cache, 'libtensorflow', wheel.sha256.slice(0, 16));
  if (existsSync(join(home, 'complete.json'))) return layoutOf(home, `${wheel.file} (pinned)`);
  await checkSpace(cache, spaceNeeded[name]);
  const wheels = join(cache, 'wheels');
  const path = await downloadWheel(wheel, wheels, options);
  const library = await unpacked(path, wheel.sha256, name, cache, options);
  await rm(path, { force: true });
  return { ...library, source: `${wheel.file} (pinned)` };
}

async function unpacked(
  wheel: string,
  sha256: string,
  name: NativeBackend,
  cache: string,
  options: { readonly onProgress: OnProgress; readonly signal?: AbortSignal },
): Promise<TensorflowLibrary> {
  const home = join(cache, 'libtensorflow', sha256.slice(0, 16));
  if (!existsSync(join(home, 'complete.json'))) {
    await mkdir(join(cache, 'libtensorflow'), { recursive: true });
    await checkSpace(cache, spaceNeeded[name]);
    const staging = `${home}.${process.pid}.tmp`;
    try {
      await unpackWheel(wheel, staging, options);
      await writeFile(join(staging, 'complete.json'), JSON.stringify({ wheel: basename(wheel), sha256 }));
      await rm(home, { recursive: true, force: true });
      await rename(staging, home);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }
  return layoutOf(home, `${basename(wheel)}, sha256 ${sha256.slice(0, 16)}...`);
}

/** Accepts the cache's own layout, site-packages/tensorflow of an installed wheel, and a libtensorflow release tree. */
function layoutOf(root: string, source: string): TensorflowLibrary {
  const fail = (problem: string) => {
    const hint = 'Name a wheel, site-packages/tensorflow of an installed one, or a tree with lib/ and include/.';
    return new SegError('not-found', { where: 'installBackend', problem, got: root, hint });
  };
  const lib = [join(root, 'lib'), root].find((d) => existsSync(join(d, 'libtensorflow_framework.so.2')));
  if (lib === undefined) throw fail('no libtensorflow_framework.so.2 there');
  const main = ['libtensorflow_cc.so.2', 'libtensorflow.so.2'].find((file) => existsSync(join(lib, file)));
  if (main === undefined) throw fail('no libtensorflow_cc.so.2 there');
  const include = join(root, 'include');
  if (!existsSync(join(include, 'tensorflow/c/eager/c_api.h'))) throw fail('no C headers (include/tensorflow/c) there');
  const metadata = join(root, 'wheel-METADATA');
  return { lib, main, include, source, metadata: existsSync(metadata) ? metadata : undefined };
}

/** A wheel that bears a pinned wheel's name must be that wheel. */
async function checkNamedWheel(path: string): Promise<void> {
  const file = basename(path);
  const pinned = Object.values(pinnedWheels)
    .flatMap((byArch) => Object.values(byArch))
    .find((wheel) => wheel?.file === file);
  const machine = /_(x86_64|aarch64)\.whl$/.exec(file)?.[1];
  const own = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  if (machine !== undefined && machine !== own) {
    throw new SegError('unsupported', {
      where: 'installBackend',
      problem: 'the wheel is for another processor',
      got: machine,
      expected: own,
      hint: `Name the wheel whose file name ends with ${own}.whl.`,
    });
  }
  if (pinned === undefined) return;
  checkGlibc(pinned);
  const sha256 = await hashFile(path);
  if (sha256 === pinned.sha256) return;
  throw new SegError('corrupt-data', {
    where: 'installBackend',
    problem: `the checksum of ${file} differs`,
    got: sha256,
    expected: pinned.sha256,
    hint: 'Download it again.',
  });
}

/** @throws SegError `unsupported` on anything but Linux. */
export function checkPlatform(): void {
  if (process.platform === 'linux') return;
  throw new SegError('unsupported', {
    where: 'installBackend',
    problem: 'native backends are installed on Linux only',
    got: process.platform,
    hint: 'Use the wasm backend, which needs no installation.',
  });
}

function checkGlibc({ glibc, file }: PinnedWheel): void {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const runtime = report.header?.glibcVersionRuntime;
  const [major = 0, minor = 0] = (runtime ?? '0.0').split('.').map(Number);
  if (major > glibc[0] || (major === glibc[0] && minor >= glibc[1])) return;
  throw new SegError('unsupported', {
    where: 'installBackend',
    problem: `${file} needs a newer glibc`,
    got: runtime ?? 'no glibc (musl?)',
    expected: `${glibc.join('.')} or later`,
    hint: 'Use a current distribution, or the wasm backend, which needs no installation.',
  });
}

async function checkSpace(folder: string, needed: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= needed) return;
  throw new SegError('io-failure', {
    where: 'installBackend',
    problem: `there is too little space in ${folder}`,
    got: `${((bavail * bsize) / 1e9).toFixed(1)} GB`,
    expected: `${(needed / 1e9).toFixed(1)} GB`,
    hint: 'Free some, or choose another folder with SEG_CACHE.',
  });
}
