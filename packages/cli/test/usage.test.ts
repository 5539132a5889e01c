import { describe, expect, it } from 'vitest';
import { seg, spawnSeg } from './support/run-seg.ts';

const COMMANDS = ['verify', 'train', 'curate', 'predict', 'evaluate', 'info', 'convert', 'phantom', 'doctor'];

describe('usage', () => {
  it.each(COMMANDS)('%s --help shows options and examples', async (command) => {
    const { code, stdout, stderr } = await seg(command, '--help');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toContain(`Usage: seg ${command}`);
    expect(stdout).toContain('--json');
    expect(stdout).toMatch(new RegExp(`Examples:\\n {2}\\$ seg ${command}`));
  });

  it('lists all commands', async () => {
    const { code, stdout } = await seg('--help');
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(`\n  ${command} `);
  });

  it('refuses unknown options and commands, naming the nearest', async () => {
    const option = await seg('train', '--dta', 'x', '--out', 'y');
    expect(option).toMatchObject({ code: 2, stdout: '' });
    expect(option.stderr).toContain('Did you mean --data?');
    const command = await seg('trian');
    expect(command).toMatchObject({ code: 2, stdout: '' });
    expect(command.stderr).toContain('Did you mean train?');
  });

  it('asks for what is missing', async () => {
    expect(await seg('predict', 'image.nii.gz')).toMatchObject({ code: 2, stderr: expect.stringContaining('--run') });
    expect(await seg('evaluate', '--prediction', 'a')).toMatchObject({ code: 2 });
    expect(await seg('info')).toMatchObject({ code: 2, stderr: expect.stringContaining("'file'") });
    expect(await seg('phantom', '--out', 'x', '--cases', '-1')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('whole number'),
    });
    expect(await seg()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Usage: seg') });
  });

  it('prints its version from a process of its own', async () => {
    const { code, stdout } = await spawnSeg(['--version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
