import { nodeBuiltin } from '../runtime/node-builtins.ts';

/** Backends that run native code and are installed by `installBackend`. */
export const nativeBackends = ['tensorflow', 'cuda'] as const;
export type NativeBackend = (typeof nativeBackends)[number];

/** npm package of the binding, and its one version. */
export const bindingVersion = '4.22.0';
export const bindingPackages: Readonly<Record<NativeBackend, string>> = {
  tensorflow: '@tensorflow/tfjs-node',
  cuda: '@tensorflow/tfjs-node-gpu',
};

/** Counts the changes of the kernels in packages/backend/native; an installation with others is none. */
export const nativeKernels = 1;

/** A native backend that is installed and passed its self-test. */
export interface InstalledBackend {
  readonly name: NativeBackend;
  /** Folder with `node_modules/<binding>`. */
  readonly folder: string;
  /** Version that libtensorflow reports. */
  readonly tensorflow: string;
  /** Where libtensorflow came from: a pinned wheel, a wheel or a tree that the user named. */
  readonly source: string;
  /** `nativeKernels` of the version that installed it. */
  readonly kernels: number;
  readonly installedAt: string;
}

interface NodeModules {
  readonly fs: typeof import('node:fs');
  readonly os: typeof import('node:os');
  readonly path: typeof import('node:path');
}

function nodeModules(): NodeModules | undefined {
  const fs = nodeBuiltin<NodeModules['fs']>('node:fs');
  const os = nodeBuiltin<NodeModules['os']>('node:os');
  const path = nodeBuiltin<NodeModules['path']>('node:path');
  return fs && os && path ? { fs, os, path } : undefined;
}

/**
 * Folder of the installed native backends: `SEG_CACHE`, else `$XDG_CACHE_HOME/seg`, else `~/.cache/seg`; undefined
 * outside Node.
 */
export function nativeFolder(): string | undefined {
  const node = nodeModules();
  if (node === undefined) return undefined;
  const { SEG_CACHE, XDG_CACHE_HOME } = process.env;
  const cache = SEG_CACHE ?? node.path.join(XDG_CACHE_HOME ?? node.path.join(node.os.homedir(), '.cache'), 'seg');
  return node.path.join(cache, 'backends');
}

/** The installed backend of this name in `folder` (default: `nativeFolder()`), or undefined. */
export function findInstalled(name: NativeBackend, folder = nativeFolder()): InstalledBackend | undefined {
  const node = nodeModules();
  if (node === undefined || folder === undefined) return undefined;
  try {
    const record = JSON.parse(
      node.fs.readFileSync(node.path.join(folder, name, 'current.json'), 'utf8'),
    ) as InstalledBackend;
    const addon = node.path.join(record.folder, 'node_modules', bindingPackages[name], 'lib/napi-v8/tfjs_binding.node');
    return record.kernels === nativeKernels && node.fs.existsSync(addon) ? record : undefined;
  } catch {
    return undefined; // nothing installed, or a record that another version wrote: both mean "install it"
  }
}

/** Whether the driver of an NVIDIA GPU shows itself: its device file on Linux, or that of Windows's subsystem for Linux. */
export function seesNvidiaDriver(): boolean {
  const node = nodeModules();
  return node !== undefined && ['/dev/nvidiactl', '/dev/dxg'].some((file) => node.fs.existsSync(file));
}
