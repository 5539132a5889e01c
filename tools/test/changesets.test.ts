// Every changeset can be read, names packages of the workspace and says something.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const packages = readdirSync(join(root, 'packages')).map((name) => `@seg/${name}`);
const files = readdirSync(join(root, '.changeset')).filter((name) => name.endsWith('.md') && name !== 'README.md');

it.each(files)('.changeset/%s', (file) => {
  const text = readFileSync(join(root, '.changeset', file), 'utf8');
  const [, bumps, summary] = /^---\n((?:['"]@seg\/[\w-]+['"]: (?:major|minor|patch)\n)+)---\n\n(\S.*)/.exec(text) ?? [];
  expect(summary, 'the format that `npx changeset` writes').toBeDefined();
  for (const [, name] of bumps!.matchAll(/['"](.+?)['"]/g)) expect(packages).toContain(name);
});
