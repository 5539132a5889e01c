// What every package must look like, and what it exports: a change of the public names shows up in the snapshot.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const names = readdirSync(join(root, 'packages')).filter((n) => existsSync(join(root, 'packages', n, 'package.json')));

const readManifest = (name: string) => JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));

describe.each(names)('@seg/%s', (name) => {
  const folder = join(root, 'packages', name);
  const manifest = readManifest(name);

  it('has a complete manifest', () => {
    expect(manifest.name).toBe(`@seg/${name}`);
    expect(manifest.license).toBe('MIT');
    expect(manifest.sideEffects).toBeDefined();
    expect(manifest.engines.node).toBe('>=20.19');
    expect(manifest.repository.directory).toBe(`packages/${name}`);
    for (const file of ['README.md', 'LICENSE', 'src/index.ts'])
      expect(existsSync(join(folder, file)), file).toBe(true);
  });

  it('takes tfjs-core as a peer if at all', () => {
    if (name !== 'cli') expect(manifest.dependencies?.['@tensorflow/tfjs-core']).toBeUndefined();
    if (manifest.peerDependencies?.['@tensorflow/tfjs-core'] !== undefined) {
      expect(manifest.peerDependencies['@tensorflow/tfjs-core']).toMatch(/^\^4\./);
    }
  });

  it('exports these names', async () => {
    for (const entry of ['.', './node']) {
      const source = manifest.exports[entry]?.['@seg/source'];
      if (source === undefined) continue;
      const module = await import(join(folder, source));
      expect(Object.keys(module).sort()).toMatchSnapshot(entry);
    }
  });
});

it.each(['core', 'metrics', 'io', 'augment', 'report'])('@seg/%s installs without TensorFlow.js', (name) => {
  const seen = new Set<string>();
  const visit = (visited: string) => {
    if (seen.has(visited)) return;
    seen.add(visited);
    const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = readManifest(visited);
    const peers = Object.keys(peerDependencies).filter((peer) => peerDependenciesMeta[peer]?.optional !== true);
    for (const needed of [...Object.keys(dependencies), ...peers]) {
      expect(needed, `needed by @seg/${visited}`).not.toMatch(/tensorflow/);
      if (needed.startsWith('@seg/')) visit(needed.slice('@seg/'.length));
    }
  };
  visit(name);
  expect(seen).toContain('core');
});
