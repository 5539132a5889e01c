import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const child = fileURLToPath(new URL('../support/train-child.ts', import.meta.url));
const STEPS = 20;

const folders: string[] = [];
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'seg-resume-'));
  folders.push(path);
  return path;
}
afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true });
});

/** Runs the training; with `killAt` it is killed as soon as it reports that step. */
function train(backend: string, into: string, options: { resume?: boolean; workers?: number; killAt?: number } = {}) {
  const { resume = false, workers = 0, killAt } = options;
  return new Promise<{ signal: string | null; code: number | null; errors: string }>((resolve) => {
    const args = ['--conditions=@seg/source', '--no-warnings', child, backend, into, String(STEPS)];
    const process_ = spawn(process.execPath, [...args, resume ? 'resume' : 'fresh', String(workers)]);
    let output = '';
    let errors = '';
    process_.stderr.on('data', (chunk) => (errors += chunk));
    process_.stdout.on('data', (chunk) => {
      output += chunk;
      if (killAt !== undefined && output.includes(`step ${killAt}\n`)) process_.kill('SIGKILL');
    });
    process_.on('close', (code, signal) => resolve({ signal, code, errors }));
  });
}

function contents(path: string) {
  const read = (file: string) => readFileSync(join(path, file)).toString('base64');
  const description = JSON.parse(readFileSync(join(path, 'last.json'), 'utf8'));
  const { elapsedMs: _, ...meta } = description;
  return {
    meta: JSON.stringify(meta),
    last: read('last.safetensors'),
    best: read('best.safetensors'),
  };
}

describe.each(['cpu', 'wasm'])('resuming on %s', (backend) => {
  it('gives the same bits as an uninterrupted training, whatever the number of workers', async () => {
    const whole = folder();
    const interrupted = folder();
    expect(await train(backend, whole, { workers: 0 })).toMatchObject({ code: 0, errors: '' });
    expect(await train(backend, interrupted, { workers: 2, killAt: 8 })).toMatchObject({ signal: 'SIGKILL' });
    expect(existsSync(join(interrupted, 'last.json'))).toBe(true);
    expect(await train(backend, interrupted, { resume: true, workers: 1, killAt: 16 })).toMatchObject({
      signal: 'SIGKILL',
    });
    expect(await train(backend, interrupted, { resume: true, workers: 0 })).toMatchObject({ code: 0, errors: '' });
    const expected = contents(whole);
    const found = contents(interrupted);
    expect(found.meta).toBe(expected.meta);
    expect(found.last === expected.last, 'tensors of the last checkpoint').toBe(true);
    expect(found.best === expected.best, 'tensors of the best checkpoint').toBe(true);
    const { step, updates, state, best } = JSON.parse(expected.meta);
    expect(step).toBe(STEPS);
    expect(Object.values(state.seen as Record<string, number>).reduce((a, b) => a + b, 0)).toBe(STEPS);
    // The second phase began after 13 of 20 steps and started the counters anew.
    expect(updates['student/head.bias']).toBe(STEPS - 13);
    expect(best.step).toBeGreaterThan(0);
  });
});
