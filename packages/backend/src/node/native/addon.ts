import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, readdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isSegError, SegError } from '@seg/core';
import { clause } from '../../native/clause.ts';
import { bindingPackages, bindingVersion, type NativeBackend } from '../../native/installed.ts';
import { runCommand } from './command.ts';
import type { OnProgress } from './progress.ts';
import type { TensorflowLibrary } from './tensorflow-library.ts';

interface Options {
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
}

/** Fetches the binding's npm package (without its install script) into the cache, once. */
export async function fetchBinding(name: NativeBackend, cache: string, options: Options): Promise<void> {
  const packageName = bindingPackages[name];
  const home = bindingHome(name, cache);
  if (!existsSync(join(home, 'complete.json'))) {
    options.onProgress({ step: 'binding', message: `npm: ${packageName} ${bindingVersion}` });
    const staging = `${home}.${process.pid}.tmp`;
    await mkdir(staging, { recursive: true });
    try {
      await writeFile(join(staging, 'package.json'), '{"private":true}');
      const wanted = [`${packageName}@${bindingVersion}`, 'node-api-headers@1'];
      const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
      await runCommand('npm', ['install', ...flags, ...wanted], { cwd: staging, ...signalOf(options) });
      await writeFile(join(staging, 'complete.json'), JSON.stringify(wanted));
      await rm(home, { recursive: true, force: true });
      await rename(staging, home);
    } catch (cause) {
      if (isSegError(cause, 'aborted')) throw cause;
      throw new SegError('io-failure', {
        where: 'installBackend',
        problem: `npm could not fetch ${packageName}: ${clause(cause)}`,
        hint: `Check the connection to the npm registry; without one, copy ${home} from a machine that has it.`,
        cause,
      });
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }
}

/** Lays the fetched binding into `folder`; returns its package folder. */
export async function layBinding(name: NativeBackend, cache: string, folder: string): Promise<string> {
  const modules = join(bindingHome(name, cache), 'node_modules');
  return linkModules(modules, join(folder, 'node_modules'), bindingPackages[name]);
}

function bindingHome(name: NativeBackend, cache: string): string {
  return join(cache, 'npm', `${bindingPackages[name].replace('/', '+')}-${bindingVersion}`);
}

/** Copies one package, which gets libraries of its own, and links its 300 MB of dependencies. Returns the copy. */
async function linkModules(from: string, to: string, packageName: string): Promise<string> {
  const [scope = ''] = packageName.split('/');
  await mkdir(join(to, scope), { recursive: true });
  const link = async (name: string) => symlink(join(from, name), join(to, name));
  for (const name of await readdir(from)) if (name !== scope) await link(name);
  for (const name of await readdir(join(from, scope))) {
    if (`${scope}/${name}` !== packageName) await link(`${scope}/${name}`);
  }
  const copy = join(to, packageName);
  await cp(join(from, packageName), copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

/** Lays libtensorflow and its headers out as the binding expects them: `deps/lib`, `deps/include`. Returns `deps`. */
export async function layDependencies(binding: string, library: TensorflowLibrary): Promise<string> {
  const deps = join(binding, 'deps');
  await rm(deps, { recursive: true, force: true });
  await mkdir(join(deps, 'lib'), { recursive: true });
  await symlink(library.include, join(deps, 'include'));
  const framework = 'libtensorflow_framework.so.2';
  for (const file of [library.main, framework]) {
    await symlink(await realpath(join(library.lib, file)), join(deps, 'lib', file));
  }
  // -ltensorflow resolves through these; libtensorflow.so.2 is what the binding's own scripts look for.
  await symlink(library.main, join(deps, 'lib', 'libtensorflow.so'));
  if (library.main !== 'libtensorflow.so.2') await symlink(library.main, join(deps, 'lib', 'libtensorflow.so.2'));
  await symlink(framework, join(deps, 'lib', 'libtensorflow_framework.so'));
  return deps;
}

/** A C++ compiler that is there. */
export interface Compiler {
  readonly program: string;
  /** The first line of what it says of itself. */
  readonly version: string;
}

/**
 * The compiler named by `CXX`, or g++; asked for before anything is downloaded.
 *
 * @throws SegError `not-found` when it does not run.
 */
export async function findCompiler(): Promise<Compiler> {
  const program = process.env.CXX ?? 'g++';
  try {
    return { program, version: (await runCommand(program, ['--version'])).split('\n')[0]!.trim() };
  } catch (cause) {
    throw new SegError('not-found', {
      where: 'installBackend',
      problem: `there is no C++ compiler (${program}), which builds what joins Node and libtensorflow`,
      hint: 'Install g++ (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++), or name one in CXX.',
      cause,
    });
  }
}

/**
 * Compiles the binding's addon against libtensorflow, or takes it from the cache when the same compiler made it from
 * the same headers before. N-API is stable, so one build serves every Node.
 */
export async function compileAddon(
  { program, version }: Compiler,
  binding: string,
  deps: string,
  cache: string,
  options: Options,
): Promise<void> {
  const target = join(binding, 'lib', 'napi-v8', 'tfjs_binding.node');
  const library = await realpath(join(deps, 'lib', 'libtensorflow.so'));
  const tree = dirname(dirname(library)).split('/').pop();
  const key = `${tree}-${process.arch}-${version.replace(/[^\w.]+/g, '-')}-${kernelSources().hash}`;
  const cached = join(cache, 'addons', `${key}.node`);
  await mkdir(dirname(target), { recursive: true });
  if (!existsSync(cached)) {
    options.onProgress({ step: 'compile', message: version });
    await mkdir(dirname(cached), { recursive: true });
    const built = `${cached}.${process.pid}.tmp`;
    await runCommand(program, compilerArguments(binding, deps, built), signalOf(options));
    await rename(built, cached);
  }
  await cp(cached, target);
}

/** Our own ops, in the folder `native` of this package, and a hash of all of it. */
function kernelSources(): { readonly files: readonly string[]; readonly hash: string } {
  const folder = join(dirname(createRequire(import.meta.url).resolve('@seg/backend/package.json')), 'native');
  const names = readdirSync(folder).sort();
  const hash = createHash('sha256');
  for (const name of names) hash.update(name).update(readFileSync(join(folder, name)));
  const files = names.filter((name) => name.endsWith('.cc')).map((name) => join(folder, name));
  return { files, hash: hash.digest('hex').slice(0, 12) };
}

function compilerArguments(binding: string, deps: string, output: string): string[] {
  const headers = join(binding, '..', '..', 'node-api-headers', 'include');
  const glue = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(binding, 'binding', file));
  const sources = [...glue, ...kernelSources().files];
  return [
    ...['-std=c++17', '-O3', '-fno-math-errno', '-fno-trapping-math', '-fPIC', '-shared', '-pthread', '-w'],
    ...['-DNAPI_VERSION=8', '-DNODE_GYP_MODULE_NAME=tfjs_binding', '-DBUILDING_NODE_EXTENSION'],
    ...[headers, join(deps, 'include'), join(binding, 'binding')].flatMap((folder) => ['-I', folder]),
    ...[...sources, '-o', output, '-L', join(deps, 'lib')],
    // The addon finds its libraries beside itself, wherever the folder is moved to.
    ...['-Wl,-rpath,$ORIGIN/../../deps/lib', '-Wl,--no-as-needed', '-ltensorflow', '-ltensorflow_framework'],
    ...['-Wl,--allow-shlib-undefined', '-Wl,-s'],
  ];
}

function signalOf({ signal }: Options): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
