import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const entry = JSON.stringify(join(import.meta.dirname, '../../src/index.ts'));

/** Runs a program that has `startBackend` in a process of its own. */
function run(program: string) {
  const source = `const { startBackend } = await import(${entry});\n${program}`;
  const args = ['--conditions=@seg/source', '--no-warnings', '--input-type=module', '-e', source];
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 50_000 });
}

test("a started backend leaves the process's error listeners as they were", () => {
  const { status, stdout, stderr } = run(`
    const events = ['uncaughtException', 'unhandledRejection'];
    const mine = () => console.log('mine');
    for (const event of events) process.on(event, mine);
    await startBackend({ name: 'wasm', threads: 2 });
    console.log(events.every((event) => process.listeners(event).length === 1 && process.listeners(event)[0] === mine));
  `);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'true\n', stderr: '' });
});

test("an error of the program is shown with the program's lines, not tfjs's", () => {
  const { status, stderr } = run(`
    await startBackend({ name: 'wasm', threads: 1 });
    throw new Error('the mistake');
  `);
  expect(status).toBe(1);
  expect(stderr).toContain('the mistake');
  expect(stderr.length).toBeLessThan(2000);
});

test('a start that fails ends its workers, and the process ends by itself', () => {
  const { status, stdout } = run(`
    await startBackend({ name: 'wasm', threads: 3, wasmUrl: '/nowhere.wasm' }).catch((error) => console.log(error.code));
  `);
  expect(status).toBe(0);
  expect(stdout.trim()).not.toBe('');
});

test('one thread starts no worker and computes', () => {
  const { status, stdout } = run(`
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    process.getBuiltinModule('node:worker_threads').Worker = class extends Worker {
      constructor() { throw new Error('a worker'); }
    };
    const { threads } = await startBackend({ name: 'wasm', threads: 1 });
    console.log(threads);
  `);
  expect({ status, stdout }).toEqual({ status: 0, stdout: '1\n' });
});
