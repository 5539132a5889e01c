import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { type Cli, runCli } from '../../src/index.ts';

export interface SegResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const BIN = fileURLToPath(new URL('../../src/bin.ts', import.meta.url));

export interface SpawnSegOptions {
  /** Called with everything on standard error so far; may send a signal. */
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  /** Largest file that the process may write, in blocks of 512 bytes: stands in for a full disk. */
  readonly fileSizeLimit?: number;
  /** Further variables of the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `seg` from the sources in a process of its own. */
export function spawnSeg(args: readonly string[], options: SpawnSegOptions = {}): Promise<SegResult> {
  const node = [process.execPath, '--conditions=@seg/source', '--no-warnings', BIN, ...args];
  const { env = {}, fileSizeLimit, onStderr } = options;
  const [command, ...rest] =
    fileSizeLimit === undefined ? node : ['sh', '-c', `ulimit -f ${fileSizeLimit}; exec "$@"`, 'sh', ...node];
  return new Promise((resolve, reject) => {
    const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
      onStderr?.(stderr, (signal) => child.kill(signal));
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs `seg` within the test's process: fast, for what needs no process of its own. */
export async function seg(...args: string[]): Promise<SegResult> {
  let [stdout, stderr] = ['', ''];
  const cli: Cli = {
    isTerminal: false,
    signal: new AbortController().signal,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
  };
  const code = await runCli(args, cli);
  return { code, stdout, stderr };
}

/** A folder that is removed after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'seg-cli-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
