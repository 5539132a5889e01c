// Every ts block of every README runs as a program of its own, from the sources; all of them pass a strict type check, as
// in a project of a user; and the install lines above them name all that they import.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
// examples/ depends on every package, so blocks placed there can import them all.
const folder = join(root, 'examples', '.readme');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const readmes = [
  ['root', join(root, 'README.md')] as const,
  ...readdirSync(join(root, 'packages')).map((name) => [name, join(root, 'packages', name, 'README.md')] as const),
]
  .filter(([, path]) => existsSync(path))
  .map(([name, path]) => {
    const text = readFileSync(path, 'utf8');
    const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match, i) => {
      const file = join(folder, `${name}-${i + 1}.ts`);
      writeFileSync(file, match[1]!);
      return { number: i + 1, file, code: match[1]! };
    });
    return { name, text, blocks };
  });

/** Packages that the `npm install` lines of a README name. */
function installed(text: string): string[] {
  const lines = [...text.matchAll(/^npm install (.+)$/gm)].map((match) => match[1]!);
  return lines.flatMap((line) => line.split(/\s+/).filter((word) => !word.startsWith('-')));
}

/** The packages of a program's imports, without Node's own: '@seg/io/node' is of '@seg/io'. */
function importedPackages(code: string): string[] {
  const paths = [...code.matchAll(/(?:from|import\() ?'([^']+)'/g)].map((match) => match[1]!);
  return paths
    .filter((path) => !path.startsWith('node:'))
    .map((path) =>
      path
        .split('/')
        .slice(0, path.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

/** Peers that a user of this package has to install too. */
function requiredPeers(packageName: string): string[] {
  if (!packageName.startsWith('@seg/')) return [];
  const manifest = JSON.parse(readFileSync(join(root, 'packages', packageName.slice(5), 'package.json'), 'utf8'));
  return Object.keys(manifest.peerDependencies ?? {}).filter(
    (peer) => manifest.peerDependenciesMeta?.[peer]?.optional !== true,
  );
}

describe.each(readmes)('README of $name', ({ name, text, blocks }) => {
  it('has an example', () => expect(name === 'cli' || blocks.length > 0).toBe(true));

  it('installs what its examples import, and the peers of that', () => {
    const names = installed(text);
    expect(names).toContain(name === 'root' ? '@seg/metrics' : `@seg/${name}`);
    const needed = [...blocks.flatMap(({ code }) => importedPackages(code)), ...names.flatMap(requiredPeers)];
    expect([...new Set(needed)].filter((needs) => !names.includes(needs))).toEqual([]);
  });

  it.each(blocks)('example $number runs', ({ file }) => {
    const result = spawnSync(process.execPath, ['--conditions=@seg/source', '--no-warnings', file], {
      encoding: 'utf8',
    });
    // Standard error may hold lines of native libraries, such as a driver that is not there; the exit code decides.
    expect(result.status, result.stderr).toBe(0);
  });
});

it('the examples of all READMEs pass tsc: strict, noUncheckedIndexedAccess', () => {
  const config = join(folder, 'tsconfig.json');
  writeFileSync(config, JSON.stringify({ extends: '../../tsconfig.base.json', include: ['*.ts'] }));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', config, '--listFiles'], { encoding: 'utf8' });
  expect(status, stdout).toBe(0);
  const unseen = readmes.flatMap(({ blocks }) => blocks).filter(({ file }) => !stdout.includes(file));
  expect(unseen, 'examples that the compiler did not see').toEqual([]);
});
