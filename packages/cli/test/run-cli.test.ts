import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../src/index.ts';
import { describeError } from '../src/terminal/describe-error.ts';
import { formatDuration, startProgress } from '../src/terminal/progress.ts';
import { formatTable } from '../src/terminal/table.ts';
import { temporaryFolder } from './support/run-seg.ts';

describe('runCli', () => {
  it('says that it was stopped, not that something broke', async () => {
    const controller = new AbortController();
    controller.abort(new Error('stopped by SIGINT'));
    let [stdout, stderr] = ['', ''];
    const folder = join(await temporaryFolder(), 'phantoms');
    const code = await runCli(['phantom', '--out', folder, '--json'], {
      isTerminal: false,
      signal: controller.signal,
      stdout: (text) => {
        stdout += text;
      },
      stderr: (text) => {
        stderr += text;
      },
    });
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'aborted', message: 'stopped' } });
    expect(stderr).toBe('seg: stopped\n');
  });
});

describe('messages', () => {
  it('give the cure for errors of the file system', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(describeError(full)).toEqual({
      code: 'io-failure',
      message: 'ENOSPC: no space left on device, write. The disk is full: make room or write to another disk.',
    });
  });

  it('ask to report what nobody foresaw', () => {
    expect(describeError(new TypeError('x is undefined'))).toMatchObject({
      code: 'internal',
      message: expect.stringContaining('please report it'),
    });
  });

  it('show durations and tables for people', () => {
    expect([4.4, 65, 3725].map(formatDuration)).toEqual(['4 s', '1 min 05 s', '1 h 02 min']);
    expect(formatTable(['a', 'dice'], [['liver', '0.9'], ['x']])).toBe('a      dice\nliver   0.9\nx\n');
    expect(
      formatTable(
        ['a', 'where'],
        [
          ['b', '/long/path'],
          ['c', 'no'],
        ],
      ),
    ).toBe('a  where\nb  /long/path\nc  no\n');
  });

  it('prints no progress line for what is over at once', async () => {
    let stderr = '';
    const progress = await startProgress(
      {
        isTerminal: false,
        signal: new AbortController().signal,
        stdout: () => {},
        stderr: (text) => {
          stderr += text;
        },
      },
      'work',
    );
    for (let i = 1; i <= 5; i++) progress.update(i, 5);
    progress.stop();
    expect(stderr).toBe('');
  });
});

describe('folders', () => {
  it('may exist as long as they are empty', async () => {
    const folder = join(await temporaryFolder(), 'empty');
    await mkdir(folder);
    let stdout = '';
    const code = await runCli(['phantom', '--out', folder, '--cases', '1', '--size', '8,8,8'], {
      isTerminal: false,
      signal: new AbortController().signal,
      stdout: (text) => {
        stdout += text;
      },
      stderr: () => {},
    });
    expect(code).toBe(0);
    expect(stdout).toContain(folder);
  });
});
