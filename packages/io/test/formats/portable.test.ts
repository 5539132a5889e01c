import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { isSegError } from '@seg/core';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { gunzip, type NiftiImage, parseNifti } from '../../src/index.ts';
import { readNifti } from '../../src/node/index.ts';

const packed = await readFile(new URL('../../fixtures/nifti-corpus.json.gz', import.meta.url));
const { entries } = JSON.parse(gunzipSync(packed).toString()) as {
  entries: { name: string; files: Record<string, string>; open: string }[];
};
const folder = await mkdtemp(join(tmpdir(), 'seg-io-'));
afterAll(() => rm(folder, { recursive: true }));

/** Inflated bytes that the portable reader may make of a file of the corpus. */
const maxBytes = 10_000_000;

async function outcome(work: () => NiftiImage | Promise<NiftiImage>): Promise<unknown> {
  try {
    const { data, affine, shape, dtype, warnings, extensions, header } = await work();
    return { data, affine, shape, dtype, warnings, extensions, header };
  } catch (error) {
    if (isSegError(error)) return error.code;
    throw error;
  }
}

describe('parseNifti of gunzip', () => {
  const singles = entries.filter(
    ({ files }) => Object.keys(files).length === 1 && !/alone/.test(Object.keys(files)[0]!),
  );
  it.each(singles.map((entry) => [entry.name, entry] as const))(
    'agrees with the reader for Node on %s',
    async (_, entry) => {
      if (/\.(hdr|img)(\.gz)?$/.test(entry.open)) return expect(entry.name).toMatch(/alone/);
      const bytes = new Uint8Array(Buffer.from(entry.files[entry.open]!, 'base64'));
      const path = join(folder, entry.open);
      await writeFile(path, bytes);
      const portable = await outcome(() => parseNifti(gunzip(bytes, { maxBytes })));
      const node = await outcome(() => readNifti(path));
      expect(portable).toEqual(node);
    },
  );
});

it('the main entry bundles for browsers without anything of Node', async () => {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('../../src/index.ts', import.meta.url))],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    conditions: ['@seg/source'],
    metafile: true,
    logLevel: 'silent',
  });
  const imports = Object.values(result.metafile.inputs).flatMap((input) => input.imports.map(({ path }) => path));
  expect(imports.filter((path) => path.startsWith('node:'))).toEqual([]);
});
