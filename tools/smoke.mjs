// Installs the packed tarballs into empty projects outside the repository, as a user would, and uses them there from
// ESM and CJS under the host's own Node (the first `node` on the PATH that is not the workspace's): all packages, whose
// dependencies must admit the oldest Node that we support, and those without tensors, which must not need tfjs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import semver from 'semver';
import { fail, packageNames, root, toolEnvironment } from './lib.mjs';

const hostPath = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((p) => !p.includes('node_modules'))
  .join(delimiter);
const hostEnvironment = { ...process.env, PATH: hostPath };
const oldestNode = '20.19.0';
const tarballFolder = mkdtempSync(join(tmpdir(), 'seg-tarballs-'));
const tarballs = Object.fromEntries(packageNames().map((name) => [`@seg/${name}`, pack(name)]));

const everything = {
  tf: '@tensorflow/tfjs-core',
  core: '@seg/core',
  backend: '@seg/backend',
  unet: '@seg/unet3d',
  losses: '@seg/losses',
  ops: '@seg/ops',
  metrics: '@seg/metrics',
  io: '@seg/io',
  ioNode: '@seg/io/node',
  inference: '@seg/inference',
  augment: '@seg/augment',
  train: '@seg/train',
  hypernet: '@seg/hypernet',
  report: '@seg/report',
};
const tfjs = JSON.parse(readFileSync(join(root, 'packages/core/package.json'), 'utf8')).peerDependencies;
const whole = project('all', { ...tfjs, ...tarballs });
for (const name of Object.keys(tarballs)) {
  if (!existsSync(join(whole, 'node_modules', name, 'README.md'))) fail(`${name}: the tarball has no README.md`);
}
checkEngines(whole);
useModules(whole, everything, 'use');
process.stdout.write(`npx seg --version: ${must('npx', ['seg', '--version'], { cwd: whole, env: hostEnvironment })}`);
rmSync(whole, { recursive: true });

const withoutTensors = { core: '@seg/core', metrics: '@seg/metrics', io: '@seg/io', ioNode: '@seg/io/node' };
const small = project('no-tfjs', { '@seg/metrics': tarballs['@seg/metrics'], '@seg/io': tarballs['@seg/io'] });
if (existsSync(join(small, 'node_modules', '@tensorflow'))) fail('@seg/metrics and @seg/io install TensorFlow.js');
useModules(small, withoutTensors, 'useWithoutTensors');
checkTypes(small, withoutTensors);
for (const folder of [small, tarballFolder]) rmSync(folder, { recursive: true });

function pack(name) {
  const before = new Set(readdirSync(tarballFolder));
  const options = { cwd: join(root, 'packages', name), env: toolEnvironment() };
  must('pnpm', ['pack', '--pack-destination', tarballFolder], options);
  return `file:${join(
    tarballFolder,
    readdirSync(tarballFolder).find((file) => !before.has(file)),
  )}`;
}

/** A new folder in which these packages are installed. */
function project(label, dependencies) {
  const folder = mkdtempSync(join(tmpdir(), `seg-smoke-${label}-`));
  // overrides: the tarballs name each other by version, which no registry has yet.
  const manifest = { name: 'smoke', private: true, dependencies, overrides: tarballs };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  must('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, env: hostEnvironment });
  return folder;
}

/** npm warns of every installed package whose `engines` leave the user's Node out; none may leave out the oldest. */
function checkEngines(folder) {
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  const narrow = Object.entries(packages).filter(
    ([, { engines }]) => engines?.node !== undefined && !semver.satisfies(oldestNode, engines.node),
  );
  if (narrow.length === 0) return;
  const lines = narrow.map(([path, { version, engines }]) => `${path} ${version} needs Node ${engines.node}`);
  fail(`These dependencies do not admit Node ${oldestNode}:\n${lines.join('\n')}`);
}

/** Runs a function of smoke-use.js on these modules, imported and required. */
function useModules(folder, modules, use) {
  const source = readFileSync(join(root, 'tools', 'smoke-use.js'), 'utf8').replaceAll(/^export /gm, '');
  const names = Object.keys(modules).join(', ');
  const call = `${use}({ ${names} }).then((line) => console.log(line), (error) => { console.error(error); process.exit(1); });\n`;
  const write = (file, load) => {
    const lines = Object.entries(modules).map(([name, id]) => load(name, id));
    writeFileSync(join(folder, file), `${lines.join('\n')}\n${source}\n${call}`);
  };
  write('use.mjs', (name, id) => `import * as ${name} from '${id}';`);
  write('use.cjs', (name, id) => `const ${name} = require('${id}');`);
  const options = { cwd: folder, env: hostEnvironment };
  for (const file of ['use.mjs', 'use.cjs']) {
    process.stdout.write(
      `${file} under ${must('node', ['--version'], options).trim()}: ${must('node', [file], options)}`,
    );
  }
}

/** A strict user's tsc, which checks the types of the libraries too, accepts these modules from ESM and CJS. */
function checkTypes(folder, modules) {
  const lines = Object.entries(modules).map(([name, id]) => `import * as ${name} from '${id}';`);
  const source = `${lines.join('\n')}
export const half: number = metrics.dice(Uint8Array.of(1, 1, 1), Uint8Array.of(1, 0, 0));
// @ts-expect-error the types are there: a number is no string
export const wrong: string = metrics.dice(Uint8Array.of(1), Uint8Array.of(1));
export { ${Object.keys(modules).join(', ')} };
`;
  for (const file of ['types.mts', 'types.cts']) writeFileSync(join(folder, file), source);
  const options = '--noEmit --strict --noUncheckedIndexedAccess --skipLibCheck false --module nodenext --target es2022';
  must('tsc', [...options.split(' '), 'types.mts', 'types.cts'], {
    cwd: folder,
    env: toolEnvironment(),
  });
  process.stdout.write('types without TensorFlow.js: checked, libraries too\n');
}

function must(command, args, options) {
  const result = spawnSync(command, args, { ...options, encoding: 'utf8' });
  if (result.status !== 0) {
    fail(
      `${command} ${args.join(' ')} failed in ${options.cwd}\n${result.stdout ?? ''}${result.stderr ?? result.error}`,
    );
  }
  return result.stdout;
}
