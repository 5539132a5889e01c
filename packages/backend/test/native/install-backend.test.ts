// Everything of the installation that needs no network: a cache made by hand, wheels made by hand, a compiler that is
// a shell script. The real thing is the install that CI makes; kernels.test.ts runs on it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSegError } from '@seg/core';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findInstalled, installBackend, listBackends, removeBackend } from '../../src/node/index.ts';
import { cudaRequirements } from '../../src/node/native/cuda-libraries.ts';
import { pinnedWheels } from '../../src/node/native/pinned-wheels.ts';

let folder: string;
const environment = { ...process.env };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seg-native-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  process.env = { ...environment };
});

/** A libtensorflow tree with nothing in it but the names that are looked for. */
function fakeTree(): string {
  const root = join(folder, 'tree');
  mkdirSync(join(root, 'lib'), { recursive: true });
  mkdirSync(join(root, 'include/tensorflow/c/eager'), { recursive: true });
  for (const file of [
    'lib/libtensorflow_cc.so.2',
    'lib/libtensorflow_framework.so.2',
    'include/tensorflow/c/eager/c_api.h',
  ]) {
    writeFileSync(join(root, file), '');
  }
  return root;
}

/** The binding's npm package as if it had been fetched before; `main` is its JavaScript. */
function fakeBinding(main: string): void {
  const home = join(folder, 'cache/npm/@tensorflow+tfjs-node-4.22.0');
  const binding = join(home, 'node_modules/@tensorflow/tfjs-node');
  mkdirSync(join(home, 'node_modules/node-api-headers/include'), { recursive: true });
  mkdirSync(join(home, 'node_modules/other'), { recursive: true });
  mkdirSync(binding, { recursive: true });
  writeFileSync(join(home, 'complete.json'), '[]');
  writeFileSync(join(binding, 'package.json'), '{"name":"@tensorflow/tfjs-node","main":"main.js","version":"4.22.0"}');
  writeFileSync(join(binding, 'main.js'), main);
}

/** A compiler that writes an empty addon, or fails. */
function fakeCompiler(works: boolean, then = ''): void {
  const path = join(folder, 'compiler.sh');
  const build = works
    ? `while [ "$1" != -o ]; do shift; done; : > "$2"; ${then}`
    : 'echo "fatal: no such header" >&2; exit 1';
  writeFileSync(path, `#!/bin/sh\nif [ "$1" = --version ]; then echo "fake 1.0"; exit 0; fi\n${build}\n`);
  chmodSync(path, 0o755);
  process.env.CXX = path;
}

/** A Python whose pip begins a download and never ends it. */
function fakePip(): void {
  const path = join(folder, 'python.sh');
  const download = 'while [ "$1" != -d ]; do shift; done; echo half > "$2/half.whl"; exec sleep 20';
  writeFileSync(path, `#!/bin/sh\nif [ "$3" = --version ]; then exit 0; fi\n${download}\n`);
  chmodSync(path, 0o755);
  process.env.PYTHON = path;
}

/** An installation in a process of its own, returned once something of that name is in the cache. */
async function begin(name: RegExp, ...from: string[]): Promise<ChildProcess> {
  const flags = ['--conditions=@seg/source', '--no-warnings', join(import.meta.dirname, 'install-child.ts')];
  const child = spawn(process.execPath, [...flags, join(folder, 'cache'), ...from], { stdio: 'inherit' });
  await vi.waitFor(() => expect(cached().some((file) => name.test(file))).toBe(true), { timeout: 20_000 });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const cached = () => readdirSync(join(folder, 'cache'), { recursive: true }) as string[];

// Computes like tfjs where the self-test looks, so that an installation can succeed without libtensorflow.
const workingMain = `
const t = (data) => ({ dataSync: () => data });
const y = Array(27).fill(0); y[0] = 8; y[13] = 27; y[1] = 343 - 35;
const dw = Array(27).fill(8); dw[13] = 27;
module.exports = {
  tensor2d: () => t([]), ones: () => t([]), matMul: () => t([19, 22, 43, 50]), conv3d: () => t(y),
  grads: () => () => [t(dw), t(dw)],
  backend: () => ({ binding: { TF_Version: '9.9.9' }, isUsingGpuDevice: false }),
};`;

async function failure(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    if (isSegError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('it did not fail');
}

const install = (from?: string) =>
  installBackend('tensorflow', { folder: join(folder, 'cache'), ...(from === undefined ? {} : { from }) });

describe.runIf(process.platform === 'linux')('installBackend', () => {
  it('installs from a tree, does nothing the second time, lists and removes', async () => {
    fakeBinding(workingMain);
    fakeCompiler(true);
    const tree = fakeTree();
    const steps: string[] = [];
    const installed = await installBackend('tensorflow', {
      folder: join(folder, 'cache'),
      from: tree,
      onProgress: ({ step }) => steps.push(step),
    });
    expect(installed).toMatchObject({ name: 'tensorflow', tensorflow: '9.9.9', source: tree });
    expect(steps).toContain('compile');
    expect(existsSync(join(installed.folder, 'node_modules/other'))).toBe(true);
    expect((await install(tree)).folder).toBe(installed.folder);
    expect(listBackends({ folder: join(folder, 'cache') })).toEqual([installed]);
    expect(await removeBackend('tensorflow', { folder: join(folder, 'cache') })).toBe(true);
    expect(await removeBackend('tensorflow', { folder: join(folder, 'cache') })).toBe(false);
    expect(existsSync(join(folder, 'cache'))).toBe(false);
    expect(existsSync(tree)).toBe(true);
  });

  it('keeps the old installation when the new one fails its self-test', async () => {
    fakeBinding(workingMain);
    fakeCompiler(true);
    const before = await install(fakeTree());
    writeFileSync(
      join(folder, 'cache/npm/@tensorflow+tfjs-node-4.22.0/node_modules/@tensorflow/tfjs-node/main.js'),
      'throw new Error("symbol lookup error")',
    );
    const again = installBackend('tensorflow', {
      folder: join(folder, 'cache'),
      from: join(folder, 'tree'),
      force: true,
    });
    const { code, message } = await failure(again);
    expect(code).toBe('backend-failure');
    expect(message).toMatch(/fails its self-test.*symbol lookup error/s);
    expect(findInstalled('tensorflow', join(folder, 'cache'))).toEqual(before);
    expect(readdirSync(join(folder, 'cache/tensorflow')).filter((f) => f.startsWith('build-')).length).toBe(1);
  });

  it('says which compiler is missing, and shows what a failing one printed', async () => {
    fakeBinding(workingMain);
    process.env.CXX = join(folder, 'nowhere');
    expect((await failure(install(fakeTree()))).message).toMatch(/there is no C\+\+ compiler.*apt-get install g\+\+/s);
    fakeCompiler(false);
    expect((await failure(install(join(folder, 'tree')))).message).toContain('fatal: no such header');
  });

  it('asks for the compiler before it downloads anything', async () => {
    process.env.CXX = join(folder, 'nowhere');
    process.env.PATH = join(folder, 'empty');
    expect((await failure(install())).message).toContain('there is no C++ compiler');
    expect(existsSync(join(folder, 'cache'))).toBe(false);
  });

  it('says when the cache cannot be written', async () => {
    fakeCompiler(true);
    writeFileSync(join(folder, 'cache'), 'a file');
    const { code, message } = await failure(install(fakeTree()));
    expect(code).toBe('io-failure');
    expect(message).toMatch(/cache cannot be written.*SEG_CACHE/s);
  });

  it('stops while it unpacks, leaving what is installed and nothing half done', async () => {
    fakeBinding(workingMain);
    fakeCompiler(true);
    await install(fakeTree());
    const before = findInstalled('tensorflow', join(folder, 'cache'));
    const wheel = join(folder, 'some-1.0-py3-none-any.whl');
    const content = new Uint8Array(1 << 20);
    const names = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'include/tensorflow/c/eager/c_api.h'];
    writeFileSync(wheel, zipSync(Object.fromEntries(names.map((name) => [`tensorflow/${name}`, content]))));
    const controller = new AbortController();
    const stopped = installBackend('tensorflow', {
      folder: join(folder, 'cache'),
      from: wheel,
      signal: controller.signal,
      onProgress: ({ step }) => step === 'unpack' && controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect(findInstalled('tensorflow', join(folder, 'cache'))).toEqual(before);
    expect(readdirSync(join(folder, 'cache/libtensorflow'))).toEqual([]);
  });

  it('removes what killed installations left, and nothing of one that is at work', async () => {
    fakeBinding(workingMain);
    const tree = fakeTree();
    fakeCompiler(true, 'exec sleep 20');
    const atWork = await begin(/addons\/.*\.tmp$/, tree);
    fakePip();
    const downloading = await begin(/wheels\/download-.*half\.whl$/);
    await kill(downloading);
    const build = cached().find((file) => /^tensorflow\/build-[^/]*$/.test(file))!;
    expect(build).toContain(`-${atWork.pid}`);
    expect(cached().some((file) => file.includes(`download-${downloading.pid}-`))).toBe(true);

    fakeCompiler(true);
    const first = await install(tree);
    expect(cached().some((file) => file.includes('download-'))).toBe(false);
    expect(existsSync(join(folder, 'cache', build))).toBe(true);
    expect(cached().some((file) => file.endsWith(`.${atWork.pid}.tmp`))).toBe(true);
    await kill(atWork);
    // What works is not built again, but the cache is tidied all the same.
    expect(await install(tree)).toEqual(first);
    expect(existsSync(join(folder, 'cache', build))).toBe(false);
    expect(cached().some((file) => file.endsWith('.tmp'))).toBe(false);
    expect(existsSync(first.folder)).toBe(true);
  });

  it('says when glibc is too old, or another library takes its place', async () => {
    fakeBinding(workingMain);
    fakeCompiler(true);
    const report = vi.spyOn(process.report, 'getReport');
    try {
      report.mockReturnValue({ header: { glibcVersionRuntime: '2.12' } });
      const old = await failure(install());
      expect(old.code).toBe('unsupported');
      expect(old.message).toMatch(/needs a newer glibc \(got "?2\.12"?, expected "?2\.17 or later"?\)\. Use a current/);
      report.mockReturnValue({ header: {} });
      expect((await failure(install())).message).toContain('no glibc (musl?)');
    } finally {
      report.mockRestore();
    }
    expect(existsSync(join(folder, 'cache/wheels'))).toBe(false);
  });

  it('stops the other download when one fails, and says why in one sentence', async () => {
    fakeCompiler(true);
    fakePip();
    writeFileSync(join(folder, 'npm'), '#!/bin/sh\necho "npm error code E404." >&2\nsleep 1\nexit 1\n');
    chmodSync(join(folder, 'npm'), 0o755);
    process.env.PATH = `${folder}:${process.env.PATH}`;
    const before = Date.now();
    const { code, message } = await failure(install());
    expect(Date.now() - before).toBeLessThan(15_000); // pip would take 20 s
    expect(code).toBe('io-failure');
    expect(message).toMatch(/npm could not fetch @tensorflow\/tfjs-node: .*E404.*\)\. Check the connection/s);
    expect(message).not.toContain('..');
    expect(cached().filter((file) => /download-|\.tmp/.test(file))).toEqual([]);
  });

  it('says when there is no Python with pip', async () => {
    fakeBinding(workingMain);
    fakeCompiler(true);
    process.env.PATH = join(folder, 'empty');
    process.env.PYTHON = join(folder, 'nowhere');
    const { code, message } = await failure(install());
    expect(code).toBe('not-found');
    expect(message).toMatch(/no Python with pip.*--from FILE/s);
  });

  it('refuses what is no libtensorflow, naming what is missing', async () => {
    fakeBinding(workingMain);
    fakeCompiler(true);
    expect((await failure(install(join(folder, 'nothing')))).code).toBe('not-found');
    mkdirSync(join(folder, 'hollow'));
    expect((await failure(install(join(folder, 'hollow')))).message).toContain('libtensorflow_framework.so.2');
    const text = join(folder, 'text.whl');
    writeFileSync(text, 'not a zip file');
    expect(await failure(install(text))).toMatchObject({ code: 'corrupt-data' });
    const empty = join(folder, 'empty-1.0-py3-none-any.whl');
    writeFileSync(empty, zipSync({ 'tensorflow/__init__.py': new Uint8Array() }));
    expect((await failure(install(empty))).message).toContain('has no libtensorflow_cc');
  });

  it('refuses a wheel for another processor, and one that bears a pinned name with another content', async () => {
    fakeBinding(workingMain);
    fakeCompiler(true);
    const foreign = join(
      folder,
      `x-1-cp311-cp311-manylinux2014_${process.arch === 'arm64' ? 'x86_64' : 'aarch64'}.whl`,
    );
    writeFileSync(foreign, '');
    expect((await failure(install(foreign))).message).toContain('for another processor');
    const pinned = join(folder, pinnedWheels.tensorflow[process.arch]!.file);
    writeFileSync(pinned, 'forged');
    expect((await failure(install(pinned))).message).toMatch(/checksum of .* differs/);
  });

  it('does not follow names out of its folder when it unpacks', async () => {
    fakeBinding(workingMain);
    fakeCompiler(true);
    const files = {
      'tensorflow/libtensorflow_cc.so.2': new Uint8Array(1),
      'tensorflow/libtensorflow_framework.so.2': new Uint8Array(1),
      'tensorflow/include/tensorflow/c/eager/c_api.h': new Uint8Array(1),
      'tensorflow/include/tensorflow/c/../../../../../escaped.h': new Uint8Array(1),
    };
    const wheel = join(folder, 'odd-1.0-py3-none-any.whl');
    writeFileSync(wheel, zipSync(files));
    const { code } = await failure(install(wheel));
    expect(code).toBe('corrupt-data');
    expect(existsSync(join(folder, 'escaped.h'))).toBe(false);
  });

  it('refuses cuda without a driver, and says what is missing', async () => {
    if (existsSync('/proc/driver/nvidia/version')) return expect(true).toBe(true);
    const { code, message } = await failure(installBackend('cuda', { folder: join(folder, 'cache') }));
    expect(code).toBe('unsupported');
    expect(message).toMatch(/no NVIDIA driver is loaded/);
    expect(existsSync(join(folder, 'cache'))).toBe(false);
  });
});

describe('cudaRequirements', () => {
  it('reads the extra and-cuda of a wheel and nothing else', () => {
    const metadata = [
      'Name: tensorflow',
      'Requires-Dist: numpy>=1.26.0',
      "Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == 'and-cuda'",
      'Requires-Dist: nvidia-cudnn-cu12 (>=9.3.0.75) ; extra == "and-cuda"',
      "Requires-Dist: tensorflow-rocm; extra == 'gcs'",
      '',
      "Requires-Dist: nvidia-body; extra == 'and-cuda'",
    ].join('\n');
    expect(cudaRequirements(metadata)).toEqual(['nvidia-cublas-cu12<13.0,>=12.5.3.2', 'nvidia-cudnn-cu12>=9.3.0.75']);
  });
});
