import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../src/index.ts';
import { seg, temporaryFolder } from './support/run-seg.ts';

let root: string;
let data: string;
let run: string;

beforeAll(async () => {
  root = await temporaryFolder();
  [data, run] = [join(root, 'data'), join(root, 'run')];
  await seg('phantom', '--out', data, '--cases', '24', '--size', '20,20,20');
  await seg('train', '--data', data, '--out', run, '--steps', '1', '--seed', '1', '--no-verify');
});

/** Runs a command in this process and stops it, from a timer as a signal would, as soon as `when` holds. */
async function stopped(args: readonly string[], when: (printed: string) => boolean) {
  const controller = new AbortController();
  let [stdout, stderr] = ['', ''];
  const timer = setInterval(() => {
    if (!when(stdout + stderr)) return;
    clearInterval(timer);
    controller.abort(new Error('stopped by a test'));
  }, 1);
  const code = await runCli(args, {
    isTerminal: false,
    signal: controller.signal,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
  });
  clearInterval(timer);
  return { code, stdout, stderr };
}

describe('a signal', () => {
  it('stops the preparing of a training, which writes nothing', async () => {
    const out = join(root, 'preparing');
    const args = ['train', '--data', data, '--out', out, '--steps', '100000', '--no-verify'];
    const { code, stderr } = await stopped(args, (printed) => printed.includes('patch:'));
    expect(code).toBe(130);
    expect(stderr).toMatch(/seg: stopped\n$/);
    expect(existsSync(out)).toBe(false);
  });

  it('stops the report of a training, which is saved and gets its report later', async () => {
    const out = join(root, 'reporting');
    const args = ['train', '--data', data, '--out', out, '--steps', '1', '--no-verify'];
    const { code, stderr } = await stopped(args, () => existsSync(join(out, 'validation')));
    expect(code).toBe(130);
    expect(stderr).toContain(`make its report with: seg train --resume ${out}`);
    expect(existsSync(join(out, 'report.html'))).toBe(false);
    expect(JSON.parse(readFileSync(join(out, 'checkpoints', 'last.json'), 'utf8')).step).toBe(1);
    expect((await seg('train', '--resume', out)).code).toBe(0);
    expect(existsSync(join(out, 'report.html'))).toBe(true);
  });

  it('stops predictions between two images, of which those that are done stay', async () => {
    const out = join(root, 'predictions');
    const args = ['predict', '--run', run, '--out', out, join(data, 'imagesTr')];
    const { code, stdout } = await stopped(args, (printed) => printed.includes('.nii.gz'));
    expect(code).toBe(130);
    const written = stdout.trim().split('\n');
    expect(written.length).toBeLessThan(24);
    expect(readdirSync(out).map((name) => join(out, name))).toEqual(written);
  });

  it('stops an evaluation, which writes nothing', async () => {
    const out = join(root, 'scores');
    const labels = join(root, 'labels');
    await mkdir(labels);
    await cp(join(data, 'labelsTr'), labels, { recursive: true });
    const begin = performance.now();
    const args = ['evaluate', '--prediction', labels, '--reference', join(data, 'labelsTr'), '--out', out];
    const { code } = await stopped(args, () => performance.now() > begin + 20);
    expect(code).toBe(130);
    expect(existsSync(out)).toBe(false);
  });

  it.each([
    ['reading', ''],
    ['the map', 'latents.jsonl'],
    ['the simpler predictors', 'map.json'],
  ])('stops a curation in %s', async (_, file) => {
    const out = join(root, `curated-${file}`);
    const begin = performance.now();
    let at = Number.POSITIVE_INFINITY;
    const args = ['curate', '--data', data, '--out', out, '--minutes', '1', '--seed', '1'];
    const { code, stderr } = await stopped(args, (printed) => {
      const isReached = printed.includes('backend:') && (file === '' || existsSync(join(out, file)));
      if (isReached) at = Math.min(at, performance.now());
      return isReached;
    });
    expect(code, stderr).toBe(130);
    expect(stderr).toMatch(/seg: stopped\n$/);
    expect(performance.now() - at).toBeLessThan((60_000 - (at - begin)) / 2);
    expect(existsSync(join(out, 'ranking.csv'))).toBe(false);
  });
});
