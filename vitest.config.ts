import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// One project per package, so that `vitest --project metrics` runs one package's tests from its sources.
const packages = readdirSync('packages');

export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [...packages.map((name) => [name, `packages/${name}`] as const), ['workspace', 'tools'] as const].map(
      ([name, root]) => ({
        resolve: { conditions: ['@seg/source', 'node', 'import', 'module', 'default'] },
        ssr: { resolve: { conditions: ['@seg/source', 'node', 'import', 'module', 'default'] } },
        test: {
          name,
          root,
          include: ['test/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: 'forks',
          execArgv: ['--conditions=@seg/source', '--no-warnings'],
        },
      }),
    ),
  },
});
