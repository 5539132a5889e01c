// publint --strict and attw on every package as it would be published; run after the build.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, packageNames, root, toolEnvironment } from './lib.mjs';

const only = process.argv.slice(2);
const problems = [];
const folder = mkdtempSync(join(tmpdir(), 'seg-pack-'));
for (const name of packageNames().filter((n) => only.length === 0 || only.includes(n))) {
  const cwd = join(root, 'packages', name);
  for (const file of ['README.md', 'LICENSE']) if (!existsSync(join(cwd, file))) problems.push(`${name}: no ${file}`);
  check(name, 'pnpm', ['pack', '--pack-destination', folder], cwd);
  const tarball = readdirSync(folder).find((f) => f.startsWith(`seg-${name}-`) && f.endsWith('.tgz'));
  if (tarball === undefined) {
    problems.push(`${name}: no tarball`);
    continue;
  }
  check(name, 'publint', ['run', join(folder, tarball), '--strict'], cwd);
  // node10 knows no exports map; every supported Node does.
  check(name, 'attw', [join(folder, tarball), '--profile', 'node16', '--no-emoji'], cwd);
  process.stdout.write(`${name}: checked\n`);
}
rmSync(folder, { recursive: true });
if (problems.length > 0) fail(problems.join('\n'));

function check(name, command, args, cwd) {
  const result = spawnSync(command, args, { cwd, env: toolEnvironment(), encoding: 'utf8' });
  if (result.status !== 0) problems.push(`${name}: ${command} ${args[0]} failed\n${result.stdout}${result.stderr}`);
}
