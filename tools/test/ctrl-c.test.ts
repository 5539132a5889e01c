// Ctrl-C in a terminal: its interrupt reaches npm, the wrapper and the command, and the first two forward it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'seg-terminal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bin = join(root, 'packages', 'cli', 'dist', 'bin.js');
const data = join(folder, 'data');
const CTRL_C = '\u0003';
/** That of util-linux, which runs a command in a terminal of its own and types what it reads. */
const hasScript = /util-linux/.test(String(spawnSync('script', ['--version']).stdout));
const missing = !existsSync(bin) ? 'the packages are not built' : hasScript ? '' : 'there is no util-linux script';

interface Terminal {
  readonly child: ChildProcess;
  /** Resolves once the screen shows the text. */
  shows(text: string | RegExp): Promise<void>;
  type(keys: string): void;
  readonly ended: Promise<{ readonly code: number | null; readonly screen: string }>;
}

function openTerminal(command: string): Terminal {
  const child = spawn('script', ['-qefc', command, '/dev/null'], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  let screen = '';
  const waiting = new Set<() => void>();
  child.stdout!.on('data', (chunk) => {
    screen += chunk;
    for (const look of waiting) look();
  });
  const ended = new Promise<{ code: number | null; screen: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, screen }));
  });
  return {
    child,
    ended,
    type: (keys) => child.stdin!.write(keys),
    shows: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (typeof text === 'string' ? !screen.includes(text) : !text.test(screen)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        ended.then(() => reject(new Error(`ended before it showed ${text}:\n${screen}`)));
      }),
  };
}

const train = (run: string, more: string) =>
  `npm run --silent seg -- train --data '${data}' --out '${run}' --no-verify --threads 1 ${more}`;
const lastStep = (run: string) => JSON.parse(readFileSync(join(run, 'checkpoints', 'last.json'), 'utf8')).step;

describe.skipIf(missing !== '')(`Ctrl-C in a terminal ${missing === '' ? '' : `(skipped: ${missing})`}`, () => {
  beforeAll(() => {
    spawnSync(process.execPath, [bin, 'phantom', '--out', data, '--cases', '8', '--size', '48,48,48']);
  });

  it('stops a training after a checkpoint, though the interrupt arrives several times', async () => {
    const run = join(folder, 'run');
    const terminal = openTerminal(train(run, '--steps 5000'));
    await terminal.shows(/training .*\d+\/5000/);
    terminal.type(CTRL_C);
    const { code, screen } = await terminal.ended;
    expect(screen).toMatch(/stopped at step \d+ after a checkpoint/);
    expect(screen.match(/stopping; press Ctrl-C again/g)).toHaveLength(1);
    expect(code).toBe(130);
    expect(lastStep(run)).toBe(Number(/stopped at step (\d+)/.exec(screen)![1]));
    expect(lastStep(run)).toBeGreaterThan(0);
  });

  it('is one press when it is hit twice in haste', async () => {
    const run = join(folder, 'twice');
    const terminal = openTerminal(train(run, '--steps 5000'));
    await terminal.shows(/training .*\d+\/5000/);
    terminal.type(CTRL_C);
    setTimeout(() => terminal.type(CTRL_C), 200);
    const { code, screen } = await terminal.ended;
    expect(screen).toMatch(/stopped at step \d+ after a checkpoint/);
    expect(code).toBe(130);
    expect(lastStep(run)).toBeGreaterThan(0);
  });

  it('stops the reading of a data set, with nothing written', async () => {
    const run = join(folder, 'reading');
    const terminal = openTerminal(train(run, '--steps 5000'));
    await terminal.shows(/measuring|preparing/);
    terminal.type(CTRL_C);
    const { code, screen } = await terminal.ended;
    expect(screen).toMatch(/stopping/);
    expect(code).toBe(130);
    expect(existsSync(join(run, 'checkpoints', 'last.json'))).toBe(/after a checkpoint/.test(screen));
  });
});

describe.skipIf(missing !== '')('a signal to the wrapper alone', () => {
  it('reaches the command, which saves, as schedulers need it', async () => {
    const run = join(folder, 'scheduled');
    const args = ['train', '--data', data, '--out', run, '--no-verify', '--threads', '1', '--steps', '5000'];
    const child = spawn(process.execPath, [join(root, 'tools', 'seg.mjs'), ...args, '--checkpoint-every', '1'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    while (!existsSync(join(run, 'checkpoints', 'last.json'))) await new Promise((done) => setTimeout(done, 50));
    // As often as a scheduler likes.
    for (let i = 0; i < 3; i++) child.kill('SIGTERM');
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(errors).toMatch(/stopped at step \d+ after a checkpoint/);
    expect(code).toBe(130);
  });
});
