#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { runCli } from './run-cli.ts';
import { stopSignal } from './terminal/stop-signal.ts';

const signal = stopSignal(process, {
  // At once, because the process may end right after.
  say: (text) => writeNow(2, text),
  exit: (code) => process.exit(code),
});
// `seg info ... | head` closes the pipe early: no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

runCli(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  isTerminal: process.stderr.isTTY === true,
  signal,
}).then((code) => {
  // Worker threads may still hold the process: leave as soon as everything printed is out.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
});

function writeNow(file: number, text: string): void {
  try {
    writeSync(file, text);
  } catch {
    // A full or closed pipe: stopping matters more than saying so.
  }
}
