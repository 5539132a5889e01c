#!/usr/bin/env node
import { runCli } from './run-cli.ts';

const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second Ctrl-C does not wait for the checkpoint.
    if (controller.signal.aborted) process.exit(1);
    controller.abort(new Error(`stopped by ${signal}`));
    process.stderr.write('\nseg: stopping; press Ctrl-C again to stop at once\n');
  });
}
// `seg info ... | head` closes the pipe early: no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

runCli(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  isTerminal: process.stderr.isTTY === true,
  signal: controller.signal,
}).then((code) => {
  // Worker threads may still hold the process: leave as soon as everything printed is out.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
});
