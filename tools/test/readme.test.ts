// Every ts block of every README runs as a program of its own, from the sources.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
// examples/ depends on every package, so blocks placed there can import them all.
const folder = join(root, 'examples', '.readme');
mkdirSync(folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const readmes = [
  ['root', join(root, 'README.md')] as const,
  ...readdirSync(join(root, 'packages')).map((name) => [name, join(root, 'packages', name, 'README.md')] as const),
].filter(([, path]) => existsSync(path));

describe.each(readmes)('README of %s', (name, path) => {
  const blocks = [...readFileSync(path, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((m) => m[1]!);
  it('has an example', () => expect(name === 'cli' || blocks.length > 0).toBe(true));
  it.each(blocks.map((code, i) => [i + 1, code] as const))('example %i runs', (i, code) => {
    const file = join(folder, `${name}-${i}.ts`);
    writeFileSync(file, code);
    const result = spawnSync(process.execPath, ['--conditions=@seg/source', '--no-warnings', file], {
      encoding: 'utf8',
    });
    // Standard error may hold lines of native libraries, such as a driver that is not there; the exit code decides.
    expect(result.status, result.stderr).toBe(0);
  });
});
