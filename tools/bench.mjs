// npm run bench -- NAME [--json]: runs bench/NAME.ts from the sources on the workspace's Node.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fail, root, setup, toolEnvironment } from './lib.mjs';

const [name, ...args] = process.argv.slice(2);
const file = join(root, 'bench', `${name}.ts`);
if (name === undefined || name.startsWith('-') || !existsSync(file)) {
  const names = readdirSync(join(root, 'bench'))
    .filter((f) => f.endsWith('.ts'))
    .map((f) => f.slice(0, -3));
  fail(`usage: npm run bench -- NAME [--json], NAME one of ${names.join(', ')}`, 2);
}
setup({ quiet: true });
const result = spawnSync('node', ['--conditions=@seg/source', '--no-warnings', file, ...args], {
  cwd: root,
  stdio: 'inherit',
  env: toolEnvironment(),
});
process.exit(result.status ?? 1);
