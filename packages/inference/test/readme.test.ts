import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!);

it('has examples', () => {
  expect(blocks.length).toBeGreaterThan(0);
});

it.each(blocks.map((code, i) => [i + 1, code] as const))('example %i of the README runs', async (_, code) => {
  const folder = await mkdtemp(fileURLToPath(new URL('./readme-', import.meta.url)));
  try {
    await writeFile(`${folder}/example.ts`, `// @ts-nocheck\n${code}`);
    await expect(import(`${folder}/example.ts`)).resolves.toBeDefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});
