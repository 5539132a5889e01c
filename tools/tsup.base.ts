import { defineConfig, type Options } from 'tsup';

/** One build recipe for every package: ESM + CJS + types, sources resolved through the public entries only. */
export function packageConfig(entry: Record<string, string>, extra: Options = {}) {
  return defineConfig({
    entry,
    format: ['esm', 'cjs'],
    target: 'node20',
    platform: 'neutral',
    dts: { compilerOptions: { customConditions: [] } },
    shims: true,
    splitting: true,
    treeshake: true,
    clean: true,
    sourcemap: false,
    ...extra,
  });
}
