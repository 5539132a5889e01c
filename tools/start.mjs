// npm start [-- --data DIR ...]: installs what is missing, then trains, evaluates and reports with the seg command:
// on a generated phantom data set, or on the one that --data names. Further options are those of `seg train`.

import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, runSeg, setup } from './lib.mjs';

// Minutes of training on phantoms; reading, evaluation and the report come on top, within four minutes on two cores.
const MINUTES = '2.5';

const given = process.argv.slice(2);
const named = (name) => given.some((argument) => argument === name || argument.startsWith(`${name}=`));
setup({ quiet: true });
const cwd = process.env.INIT_CWD ?? root;
const options = [...given];
if (!named('--data') && !named('--resume') && !named('--help')) {
  const phantoms = join(root, 'runs', 'phantoms');
  if (!existsSync(join(phantoms, 'seg.json'))) await seg(['phantom', '--out', phantoms, '--seed', '1']);
  options.push('--data', phantoms);
  if (!named('--minutes') && !named('--steps')) options.push('--minutes', MINUTES);
  if (!named('--seed')) options.push('--seed', '1');
}
if (!named('--out') && !named('--resume') && !named('--help')) {
  const stamp = new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-');
  options.push('--out', join(root, 'runs', `${named('--data') ? 'data' : 'phantoms'}-${stamp}`));
}
await seg(['train', ...options]);

async function seg(args) {
  process.stderr.write(`$ seg ${args.map((a) => (a.startsWith(root) ? relative(cwd, a) || '.' : a)).join(' ')}\n`);
  const code = await runSeg(args, cwd);
  if (code !== 0) process.exit(code);
}
