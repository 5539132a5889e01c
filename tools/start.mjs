// npm start [-- --data DIR ...]: installs what is missing, then trains, evaluates and reports with the seg command:
// on a generated phantom data set, or on the one that --data names. Further options are those of `seg train`.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, setup, toolEnvironment } from './lib.mjs';

// Minutes of training on phantoms; reading, evaluation and the report come on top, within four minutes on two cores.
const MINUTES = '2.5';

const given = process.argv.slice(2);
const named = (name) => given.some((argument) => argument === name || argument.startsWith(`${name}=`));
setup({ quiet: true });
const cwd = process.env.INIT_CWD ?? root;
const options = [...given];
if (!named('--data') && !named('--resume') && !named('--help')) {
  const phantoms = join(root, 'runs', 'phantoms');
  if (!existsSync(join(phantoms, 'seg.json'))) seg(['phantom', '--out', phantoms, '--seed', '1']);
  options.push('--data', phantoms);
  if (!named('--minutes') && !named('--steps')) options.push('--minutes', MINUTES);
  if (!named('--seed')) options.push('--seed', '1');
}
if (!named('--out') && !named('--resume') && !named('--help')) {
  const stamp = new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-');
  options.push('--out', join(root, 'runs', `${named('--data') ? 'data' : 'phantoms'}-${stamp}`));
}
seg(['train', ...options]);

function seg(args) {
  process.stderr.write(`$ seg ${args.map((a) => (a.startsWith(root) ? relative(cwd, a) || '.' : a)).join(' ')}\n`);
  const bin = join(root, 'packages', 'cli', 'dist', 'bin.js');
  const result = spawnSync('node', [bin, ...args], { cwd, stdio: 'inherit', env: toolEnvironment() });
  if (result.status !== 0) process.exit(result.status ?? 1);
}
