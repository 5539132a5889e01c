import { access, constants, mkdir, open, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkOption, SegError } from '@seg/core';
import {
  findInstalled,
  type InstalledBackend,
  type NativeBackend,
  nativeBackends,
  nativeFolder,
  nativeKernels,
} from '../../native/installed.ts';
import { compileAddon, fetchBinding, findCompiler, layBinding, layDependencies } from './addon.ts';
import { inspectDriver, layCudaLibraries } from './cuda-libraries.ts';
import { removeLeftovers } from './leftovers.ts';
import type { OnProgress } from './progress.ts';
import { testBinding } from './self-test.ts';
import { checkPlatform, findTensorflow } from './tensorflow-library.ts';

export interface InstallBackendOptions {
  /** A TensorFlow wheel or an unpacked tree to use; default: `SEG_TENSORFLOW`, then the cache, then pip. */
  readonly from?: string;
  /** For `cuda`: a folder that holds `nvidia/cudnn/lib` and so on; default: `SEG_CUDA_ROOT`, then pip. */
  readonly cudaRoot?: string;
  /** Install without a usable GPU or driver, to run the GPU package on the CPU. Default false. */
  readonly allowCpuFallback?: boolean;
  /** Install again although a working installation is there. Default false. */
  readonly force?: boolean;
  /** Default: `nativeFolder()`. */
  readonly folder?: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Installs a native backend from npm and the Python package index: `tensorflow` (CPU) or `cuda` (NVIDIA GPU).
 *
 * Does nothing when it is installed and passes its self-test. The new installation is built beside the old one and takes
 * its place only after its own self-test, in one rename, so an interrupted call leaves the old one working.
 *
 * @throws SegError that names what is missing (compiler, pip, space, driver, ...) and the cure.
 */
export async function installBackend(
  name: NativeBackend,
  options: InstallBackendOptions = {},
): Promise<InstalledBackend> {
  checkOption('installBackend', 'backend', name, nativeBackends);
  underWay++;
  try {
    return await install(name, options);
  } finally {
    underWay--;
  }
}

/** Installations that this process has under way. */
let underWay = 0;

async function install(name: NativeBackend, options: InstallBackendOptions): Promise<InstalledBackend> {
  const { force = false, onProgress = () => {}, signal } = options;
  const cache = options.folder ?? nativeFolder()!;
  const named = options.from ?? process.env.SEG_TENSORFLOW;
  const from = named === undefined ? undefined : resolve(named);
  const cudaRoot = options.cudaRoot ?? process.env.SEG_CUDA_ROOT;
  if (name === 'cuda' && options.allowCpuFallback !== true) await requireDriver();
  await removeLeftovers(cache, underWay === 1);
  const present = findInstalled(name, cache);
  if (present !== undefined && !force && (from === undefined || present.source === from)) {
    onProgress({ step: 'test', message: 'testing what is installed' });
    const works = await testBinding(name, present.folder, signal).then(
      () => true,
      () => false,
    );
    if (works) return present;
  }
  checkPlatform();
  const compiler = await findCompiler();
  await makeCache(cache);
  // The two downloads have nothing to do with each other.
  const [library] = await together(signal, (both) => [
    findTensorflow(name, cache, { onProgress, signal: both, ...(from === undefined ? {} : { from }) }),
    fetchBinding(name, cache, { onProgress, signal: both }),
  ]);
  const withSignal = signal === undefined ? {} : { signal };
  const home = join(cache, name);
  await mkdir(home, { recursive: true });
  const folder = join(home, `build-${Date.now().toString(36)}-${process.pid}`);
  try {
    const binding = await layBinding(name, cache, folder);
    const deps = await layDependencies(binding, library);
    if (name === 'cuda' && (options.allowCpuFallback !== true || cudaRoot !== undefined)) {
      await layCudaLibraries(deps, library, cache, {
        onProgress,
        ...withSignal,
        ...(cudaRoot === undefined ? {} : { cudaRoot }),
      });
    }
    await compileAddon(compiler, binding, deps, cache, { onProgress, ...withSignal });
    onProgress({ step: 'test', message: 'self-test in a process of its own' });
    const { tensorflow, gpu } = await testBinding(name, folder, signal);
    if (name === 'cuda' && !gpu && options.allowCpuFallback !== true) throw noGpu((await inspectDriver()).problems);
    const record: InstalledBackend = {
      name,
      folder,
      tensorflow,
      source: from ?? library.source,
      kernels: nativeKernels,
      installedAt: new Date().toISOString(),
    };
    await writeRecord(join(home, 'current.json'), record);
    await removeLeftovers(cache, underWay === 1);
    return record;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The native backends that are installed. */
export function listBackends(options: { readonly folder?: string } = {}): InstalledBackend[] {
  return nativeBackends.flatMap((name) => findInstalled(name, options.folder) ?? []);
}

/**
 * Removes an installed native backend; the shared downloads go with the last one. Returns whether there was one.
 */
export async function removeBackend(name: NativeBackend, options: { readonly folder?: string } = {}): Promise<boolean> {
  checkOption('removeBackend', 'backend', name, nativeBackends);
  const cache = options.folder ?? nativeFolder()!;
  const present = findInstalled(name, cache) !== undefined;
  await rm(join(cache, name), { recursive: true, force: true });
  if (nativeBackends.every((other) => findInstalled(other, cache) === undefined)) {
    await rm(cache, { recursive: true, force: true });
  }
  return present;
}

/** Makes the cache's folder, which must be writable. */
async function makeCache(cache: string): Promise<void> {
  try {
    await mkdir(cache, { recursive: true });
    await access(cache, constants.W_OK);
  } catch (cause) {
    throw new SegError('io-failure', {
      where: 'installBackend',
      problem: 'the cache cannot be written',
      got: cache,
      hint: 'Mend its rights, or choose another folder with SEG_CACHE.',
      cause,
    });
  }
}

async function requireDriver(): Promise<void> {
  const { problems } = await inspectDriver();
  if (problems.length > 0) throw noGpu(problems);
}

function noGpu(problems: readonly string[]): SegError {
  return new SegError('unsupported', {
    where: 'installBackend',
    problem: `CUDA cannot run here: ${problems.length > 0 ? problems.join('; ') : 'libtensorflow finds no GPU'}`,
    hint: "Install NVIDIA's driver (525.60 or later) and run on a machine with the GPU; 'tensorflow' runs on the processor.",
  });
}

async function writeRecord(path: string, record: InstalledBackend): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'w');
  await file.writeFile(JSON.stringify(record, null, 2));
  await file.sync();
  await file.close();
  await rename(temporary, path);
}

/** Waits for all; the first that fails stops the others, and nothing is still at work when its error is thrown. */
async function together<T extends readonly unknown[]>(
  outer: AbortSignal | undefined,
  start: (signal: AbortSignal) => { readonly [K in keyof T]: Promise<T[K]> },
): Promise<T> {
  const controller = new AbortController();
  const signal = outer === undefined ? controller.signal : AbortSignal.any([outer, controller.signal]);
  let failure: { readonly error: unknown } | undefined;
  const guarded = start(signal).map((work) =>
    work.catch((error: unknown) => {
      failure ??= { error };
      controller.abort();
    }),
  );
  const results = await Promise.all(guarded);
  if (failure !== undefined) throw failure.error;
  return results as unknown as T;
}
