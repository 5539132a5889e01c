import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isSegError, SegError } from '@seg/core';
import { runCommand } from './command.ts';
import { findPython } from './pip.ts';
import type { OnProgress } from './progress.ts';
import type { TensorflowLibrary } from './tensorflow-library.ts';

/** CUDA 12 needs at least this driver on Linux (NVIDIA's compatibility table). */
const oldestDriver = [525, 60] as const;

/** Packages that the wheel's extra `and-cuda` requires, as pip takes them. */
export function cudaRequirements(metadata: string): string[] {
  const header = metadata.split(/\r?\n\r?\n/)[0] ?? '';
  return header.split(/\r?\n/).flatMap((line) => {
    const found = /^Requires-Dist: (nvidia-[^;]*?)\s*;\s*extra\s*==\s*['"]and-cuda['"]/.exec(line);
    return found === null ? [] : [found[1]!.replace(/[()\s]/g, '')];
  });
}

/**
 * Lays the CUDA libraries where libtensorflow looks for them (`deps/nvidia`): those of `cudaRoot` (a folder with
 * `nvidia/cudnn/lib` and so on), or what the wheel's metadata names, by pip into the cache.
 */
export async function layCudaLibraries(
  deps: string,
  library: TensorflowLibrary,
  cache: string,
  options: { readonly cudaRoot?: string; readonly onProgress: OnProgress; readonly signal?: AbortSignal },
): Promise<void> {
  const root = options.cudaRoot === undefined ? await fetchCuda(library, cache, options) : resolve(options.cudaRoot);
  if (!existsSync(join(root, 'nvidia'))) {
    throw new SegError('not-found', {
      where: 'installBackend',
      problem: 'there is no nvidia/ folder in the CUDA root',
      got: root,
      hint: 'Name the site-packages folder into which the nvidia-* wheels were installed.',
    });
  }
  await symlink(join(root, 'nvidia'), join(deps, 'nvidia'));
}

async function fetchCuda(
  library: TensorflowLibrary,
  cache: string,
  { onProgress, signal }: { readonly onProgress: OnProgress; readonly signal?: AbortSignal },
): Promise<string> {
  const requirements = library.metadata === undefined ? [] : cudaRequirements(await readFile(library.metadata, 'utf8'));
  if (requirements.length === 0) {
    throw new SegError('not-found', {
      where: 'installBackend',
      problem: 'this libtensorflow does not name the CUDA libraries that it needs',
      got: library.source,
      hint: 'Use the tensorflow wheel (not tensorflow-cpu), or name the libraries with --cuda-root DIR.',
    });
  }
  const home = join(
    cache,
    'cuda',
    requirements
      .join('_')
      .replace(/[^\w.-]+/g, '-')
      .slice(0, 180),
  );
  if (existsSync(join(home, 'complete.json'))) return home;
  const python = await findPython();
  const staging = `${home}.${process.pid}.tmp`;
  await mkdir(staging, { recursive: true });
  onProgress({ step: 'cuda', message: `${requirements.length} CUDA packages by pip (2 to 3 GB)` });
  try {
    const args = ['-m', 'pip', 'install', '-qq', '--no-deps', '--no-cache-dir', '--only-binary=:all:'];
    const target = ['--disable-pip-version-check', '--target', staging];
    await runCommand(python, [...args, ...target, ...requirements], signal === undefined ? {} : { signal });
    await writeFile(join(staging, 'complete.json'), JSON.stringify(requirements));
    await rename(staging, home);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return home;
}

/** What is known of the graphics driver and the device nodes, for messages and for the doctor. */
export interface DriverReport {
  /** Such as "550.54.14"; undefined when no driver is loaded. */
  readonly driver: string | undefined;
  /** What stands in the way of CUDA, empty when nothing was found. */
  readonly problems: readonly string[];
}

/** Looks for NVIDIA's driver without loading CUDA: the kernel module's version, its device nodes, libcuda. */
export async function inspectDriver(): Promise<DriverReport> {
  const problems: string[] = [];
  const text = await readFile('/proc/driver/nvidia/version', 'utf8').catch(() => undefined);
  const driver = /\s(\d+\.\d+(?:\.\d+)?)\s/.exec(text ?? '')?.[1];
  if (driver === undefined) problems.push('no NVIDIA driver is loaded (/proc/driver/nvidia/version is missing)');
  else {
    const [major = 0, minor = 0] = driver.split('.').map(Number);
    if (major < oldestDriver[0] || (major === oldestDriver[0] && minor < oldestDriver[1])) {
      problems.push(`driver ${driver} is older than ${oldestDriver.join('.')}, which CUDA 12 needs`);
    }
  }
  const devices = (await readdir('/dev').catch(() => [])).filter((file) => /^nvidia\d+$/.test(file));
  if (devices.length === 0) problems.push('no GPU device (/dev/nvidia0) is visible here');
  if (!(await hasLibcuda())) problems.push('libcuda.so.1, which comes with the driver, is not found');
  return { driver, problems };
}

async function hasLibcuda(): Promise<boolean> {
  try {
    if ((await runCommand('ldconfig', ['-p'])).includes('libcuda.so.1')) return true;
  } catch (error) {
    if (!isSegError(error)) throw error;
  }
  const folders = [...(process.env.LD_LIBRARY_PATH ?? '').split(':'), '/usr/local/nvidia/lib64', '/usr/lib/wsl/lib'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, 'libcuda.so.1')));
}
