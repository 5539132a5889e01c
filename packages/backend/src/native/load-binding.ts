import { SegError } from '@seg/core';
import { env } from '@tensorflow/tfjs-core';
import { nodeBuiltin } from '../runtime/node-builtins.ts';
import { machineThreads } from '../runtime/thread-count.ts';
import { clause } from './clause.ts';
import { bindingPackages, type InstalledBackend } from './installed.ts';

/** What of tfjs-node's backend object is used here. */
export interface NodeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly isGPUPackage: boolean;
  readonly binding: {
    readonly TF_Version: string;
    readonly TF_ATTR_TYPE: number;
    readonly TF_ATTR_STRING: number;
    readonly TF_ATTR_BOOL: number;
    readonly TF_ATTR_FLOAT: number;
    readonly TF_ATTR_INT: number;
    readonly TF_FLOAT: number;
  };
  /** By tfjs's data id; `id` names TensorFlow's tensor. */
  readonly tensorMap: { get(dataId: object): { id: number } };
  executeMultipleOutputs(
    name: string,
    attributes: readonly unknown[],
    inputs: readonly unknown[],
    outputs: number,
  ): unknown[];
}

let loaded: { readonly folder: string; readonly threads: number } | undefined;

/** Folder of the installation whose binding this process has loaded. */
export const loadedBinding = (): string | undefined => loaded?.folder;

const threadVariables = ['TF_NUM_INTRAOP_THREADS', 'OMP_NUM_THREADS'];

/**
 * Loads an installed binding into this process; it registers the tfjs backend `tensorflow`.
 *
 * libtensorflow reads its settings from the environment once, when it is loaded: oneDNN's kernels on (off by default on
 * AVX2 processors, where they make training several times as fast), the number of threads, quiet logs. Settings that the
 * user made are kept; `threads` goes before them.
 *
 * @param options.threads default: what the environment says, else the machine's processors
 * @returns the number of threads
 * @throws SegError `backend-failure` when it does not load, or when another native backend, or this one with another
 * number of threads, is loaded already.
 */
export function loadBinding(installed: InstalledBackend, options: { readonly threads: number | undefined }): number {
  if (loaded?.folder === installed.folder) {
    if (options.threads === undefined || options.threads === loaded.threads) return loaded.threads;
    throw new SegError('backend-failure', {
      where: 'startBackend',
      problem: 'libtensorflow takes its number of threads once a process, when it is loaded',
      got: options.threads,
      expected: loaded.threads,
      hint: 'Ask for the same number, or start it in a process of its own.',
    });
  }
  if (loaded !== undefined) {
    throw new SegError('backend-failure', {
      where: 'startBackend',
      problem: 'a process can load one native backend only, and another is loaded',
      got: installed.name,
      hint: 'Start the second one in a process of its own.',
    });
  }
  const threads = options.threads ?? (Number(process.env.TF_NUM_INTRAOP_THREADS) || machineThreads());
  if (options.threads !== undefined) for (const name of threadVariables) delete process.env[name];
  const environment: Record<string, string> = {
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_NUM_INTEROP_THREADS: '1',
    ...Object.fromEntries(threadVariables.map((name) => [name, String(threads)])),
    TF_CPP_MIN_LOG_LEVEL: '2',
  };
  if (installed.name === 'cuda') {
    environment.TF_FORCE_GPU_ALLOW_GROWTH = 'true';
    // Without it, NVIDIA's libraries round the factors of products to 10 bits (TF32), and results differ from other backends'.
    environment.NVIDIA_TF32_OVERRIDE = '0';
  }
  for (const [name, value] of Object.entries(environment)) process.env[name] ??= value;
  restoreUtilFunctions();
  // The binding brings a platform of its own and would print that it replaces the one that is there.
  (env() as { platform?: unknown }).platform = undefined;
  const { createRequire } = nodeBuiltin<typeof import('node:module')>('node:module')!;
  const require = createRequire(`${installed.folder}/package.json`);
  // node-pre-gyp, by which the binding finds its addon, takes the program's own --dir, --target, ... for its own.
  const { argv } = process;
  process.argv = argv.slice(0, 2);
  // It also registers tfjs's cpu kernels once more, and tfjs would print a line for each that is there.
  const production = env().getBool('PROD');
  env().set('PROD', true);
  try {
    require(bindingPackages[installed.name]);
    loaded = { folder: installed.folder, threads };
    return threads;
  } catch (cause) {
    throw new SegError('backend-failure', {
      where: 'startBackend',
      problem: `the ${installed.name} backend does not load: ${clause(cause)}`,
      hint: `Install it again: seg backend install ${installed.name} --force.`,
      cause,
    });
  } finally {
    process.argv = argv;
    env().set('PROD', production);
  }
}

/** Functions that Node 23 removed and the binding still calls, as properties of the util module at call time. */
function restoreUtilFunctions(): void {
  const util = nodeBuiltin<Record<string, unknown>>('node:util')!;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}
