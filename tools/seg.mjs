// npm run seg -- ARGS: the command line from the checkout. With `npm run --silent` only the CLI's own output appears.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, setup, toolEnvironment } from './lib.mjs';

const bin = join(root, 'packages', 'cli', 'dist', 'bin.js');
if (!existsSync(bin)) setup({ quiet: true });
// npm changes into the repository; paths that the user types are meant from where the user stands.
const cwd = process.env.INIT_CWD ?? process.cwd();
const child = spawn(process.platform === 'win32' ? 'node.exe' : 'node', [bin, ...process.argv.slice(2)], {
  cwd,
  stdio: 'inherit',
  env: toolEnvironment(),
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`seg could not be started: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(signal ? 130 : (code ?? 1)));
