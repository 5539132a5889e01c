import { spawn } from 'node:child_process';
import { SegError } from '@seg/core';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/**
 * Runs a program and returns what it wrote to standard output.
 *
 * @throws SegError `not-found` when there is no such program, `io-failure` with the first and last lines of its output when it fails,
 * `aborted` when the signal fired.
 */
export function runCommand(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk;
      if (errors.length > 16_000) errors = `${errors.slice(0, 8000)}${errors.slice(-8000)}`;
    });
    child.on('error', (cause: NodeJS.ErrnoException) => {
      const aborted = cause.name === 'AbortError';
      const missing = cause.code === 'ENOENT';
      reject(
        new SegError(aborted ? 'aborted' : missing ? 'not-found' : 'io-failure', {
          where: program,
          problem: aborted ? 'interrupted' : missing ? 'there is no such program' : cause.message,
          cause,
        }),
      );
    });
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      reject(
        new SegError('io-failure', {
          where: `${program} ${args[0] ?? ''}`.trim(),
          problem: `ended with ${signal ?? code}`,
          got: excerpt(errors.trim() || output.trim()),
        }),
      );
    });
  });
}

/** The first lines, which say what happened, and the last, which say where. */
function excerpt(text: string): string {
  const lines = text.split('\n');
  return (lines.length <= 12 ? lines : [...lines.slice(0, 5), '...', ...lines.slice(-6)]).join('\n');
}
