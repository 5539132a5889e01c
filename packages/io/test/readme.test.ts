import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const path = fileURLToPath(new URL('../README.md', import.meta.url));
const examples = [...readFileSync(path, 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!);

describe('README', () => {
  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  it.each(examples.map((source, i) => [i + 1, source] as const))('example %i runs without a word', (_, source) => {
    const options = ['--conditions=@seg/source', '--no-warnings', '--input-type=module-typescript', '--eval', source];
    const output = execFileSync(process.execPath, options, { cwd: dirname(path), encoding: 'utf8', stdio: 'pipe' });
    expect(output).toBe('');
  });
});
