// What the root scripts share. Runs on the host's own Node, before anything is installed: Node built-ins only.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === 'win32';

/** Environment in which the workspace's own tools, its Node 24 among them, come first on the PATH. */
export function toolEnvironment(extra = {}) {
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter);
  // Huge pages for large arrays where the kernel grants them on request (glibc only; ignored elsewhere): the first
  // touch of a volume's memory is otherwise the slowest part of reading it.
  const GLIBC_TUNABLES = process.env.GLIBC_TUNABLES ?? 'glibc.malloc.hugetlb=1';
  return { ...process.env, PATH: path, NX_DAEMON: 'false', NX_TUI: 'false', GLIBC_TUNABLES, ...extra };
}

/** Runs a command in the repository; ends this process with its exit code if it fails. */
export function run(command, args, { env = {}, stdio = 'inherit', cwd = root } = {}) {
  const result = spawnSync(command, args, { cwd, stdio, env: toolEnvironment(env), shell: windows });
  if (result.error) fail(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** Like `run`, but returns whether it succeeded. */
export function attempt(command, args, options = {}) {
  const { env = {}, stdio = 'inherit', cwd = root } = options;
  return spawnSync(command, args, { cwd, stdio, env: toolEnvironment(env), shell: windows }).status === 0;
}

/** The built `seg` command. */
export const segBin = join(root, 'packages', 'cli', 'dist', 'bin.js');

/**
 * Runs the built `seg` command and returns its exit code. It ends when the command does: on Ctrl-C, which the command
 * gets too, it waits for what is saved then.
 */
export function runSeg(args, cwd) {
  return new Promise((resolve) => {
    const child = spawn(windows ? 'node.exe' : 'node', [segBin, ...args], {
      cwd,
      stdio: 'inherit',
      env: toolEnvironment(),
    });
    // For signals to this process alone. Those of a terminal reach the command twice, which it knows.
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
    child.on('error', (error) => fail(`seg could not be started: ${error.message}`));
    child.on('exit', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)));
  });
}

export function fail(message, code = 1) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

/** Folder names under packages/. */
export function packageNames() {
  return readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'package.json')));
}

export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`seg needs Node 20.19 or newer; this is ${process.version}. Install a current Node from https://nodejs.org.`);
}

/** Installs the workspace unless the lockfile and all package.json files are as they were at the last install. */
export function install({ quiet = false } = {}) {
  const manifests = [
    'package.json',
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'examples/package.json',
    'bench/package.json',
  ]
    .concat(packageNames().map((name) => `packages/${name}/package.json`))
    .filter((file) => existsSync(join(root, file)));
  const hash = createHash('sha256');
  for (const file of manifests) hash.update(file).update(readFileSync(join(root, file)));
  const stamp = join(root, 'node_modules', '.seg-installed');
  const wanted = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const stdio = quiet ? ['ignore', 2, 2] : ['ignore', 'inherit', 'inherit'];
  process.stderr.write('Installing dependencies (once; needs the npm registry)...\n');
  const args = ['--yes', 'pnpm@12', 'install', '--frozen-lockfile', '--reporter=append-only'];
  const result = spawnSync('npx', args, { cwd: root, stdio, shell: windows });
  if (result.status !== 0) fail('The installation failed; the lines above say why.', result.status ?? 1);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

/** Builds every package; what is up to date comes from the cache. */
export function build({ quiet = false } = {}) {
  const args = ['run-many', '-t', 'build', '--parallel=2', '--output-style=static'];
  if (!quiet) return run('nx', args);
  const result = spawnSync('nx', args, { cwd: root, env: toolEnvironment(), encoding: 'utf8', shell: windows });
  if (result.status !== 0) fail(`${result.stdout}${result.stderr}\nThe build failed.`);
}

export function setup(options) {
  requireNode();
  install(options);
  build(options);
}
