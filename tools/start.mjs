// npm start [-- --data DIR]: installs what is missing, then trains, evaluates and reports (examples/supervised.ts).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setup, toolEnvironment } from './lib.mjs';

setup({ quiet: true });
const result = spawnSync('node', [join(root, 'examples', 'supervised.ts'), ...process.argv.slice(2)], {
  cwd: process.env.INIT_CWD ?? root,
  stdio: 'inherit',
  env: toolEnvironment(),
});
process.exit(result.status ?? 1);
