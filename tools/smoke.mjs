// Installs the packed tarballs into an empty project outside the repository, as a user would, and uses them there from
// ESM and CJS under the host's own Node (the first `node` on the PATH that is not the workspace's).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fail, packageNames, root, toolEnvironment } from './lib.mjs';

const hostPath = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((p) => !p.includes('node_modules'))
  .join(delimiter);
const hostEnvironment = { ...process.env, PATH: hostPath };
const project = mkdtempSync(join(tmpdir(), 'seg-smoke-'));
const tarballs = {};
for (const name of packageNames()) {
  const before = new Set(readdirSync(project));
  must('pnpm', ['pack', '--pack-destination', project], { cwd: join(root, 'packages', name), env: toolEnvironment() });
  const tarball = readdirSync(project).find((file) => !before.has(file));
  tarballs[`@seg/${name}`] = `file:${join(project, tarball)}`;
}
const tfjs = JSON.parse(readFileSync(join(root, 'packages/core/package.json'), 'utf8')).peerDependencies;
// overrides: the tarballs name each other by version, which no registry has yet.
writeFileSync(
  join(project, 'package.json'),
  JSON.stringify(
    { name: 'smoke', private: true, dependencies: { ...tfjs, ...tarballs }, overrides: tarballs },
    null,
    2,
  ),
);
must('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: project, env: hostEnvironment });
for (const name of Object.keys(tarballs)) {
  if (!existsSync(join(project, 'node_modules', name, 'README.md'))) fail(`${name}: the tarball has no README.md`);
}

const use = readFileSync(join(root, 'tools', 'smoke-use.js'), 'utf8').replace('export async', 'async');
const modules = {
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
const names = Object.keys(modules).join(', ');
const call = `use({ ${names} }).then((line) => console.log(line), (error) => { console.error(error); process.exit(1); });\n`;
const imports = Object.entries(modules)
  .map(([name, id]) => `import * as ${name} from '${id}';`)
  .join('\n');
const requires = Object.entries(modules)
  .map(([name, id]) => `const ${name} = require('${id}');`)
  .join('\n');
writeFileSync(join(project, 'use.mjs'), `${imports}\n${use}\n${call}`);
writeFileSync(join(project, 'use.cjs'), `${requires}\n${use}\n${call}`);
for (const file of ['use.mjs', 'use.cjs']) {
  process.stdout.write(`${file} under ${must('node', ['--version'], { cwd: project, env: hostEnvironment }).trim()}: `);
  process.stdout.write(must('node', [file], { cwd: project, env: hostEnvironment }));
}
process.stdout.write(`npx seg --version: ${must('npx', ['seg', '--version'], { cwd: project, env: hostEnvironment })}`);
rmSync(project, { recursive: true });

function must(command, args, options) {
  const result = spawnSync(command, args, { ...options, encoding: 'utf8' });
  if (result.status !== 0) {
    fail(
      `${command} ${args.join(' ')} failed in ${options.cwd}\n${result.stdout ?? ''}${result.stderr ?? result.error}`,
    );
  }
  return result.stdout;
}
