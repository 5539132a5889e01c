import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { imageInfo } from '../../src/node/index.ts';

interface Expected {
  readonly error?: string;
  readonly [field: string]: unknown;
}

interface Entry {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly open: string;
  readonly expect: Expected;
  readonly ours?: 'error' | 'value' | 'ignore';
  readonly why?: string;
  readonly code?: string;
}

/** nibabel computes affines and means in another order of operations than we do. */
const relativeTolerance = 1e-9;

const packed = await readFile(new URL('../../fixtures/nifti-corpus.json.gz', import.meta.url));
const { entries } = JSON.parse(gunzipSync(packed).toString()) as { readonly entries: Entry[] };
const folder = await mkdtemp(join(tmpdir(), 'seg-io-'));
afterAll(() => rm(folder, { recursive: true }));

async function inspect(entry: Entry, index: number): Promise<unknown> {
  const own = join(folder, String(index));
  await mkdir(own);
  for (const [name, content] of Object.entries(entry.files)) {
    await writeFile(join(own, name), Buffer.from(content, 'base64'));
  }
  return JSON.parse(JSON.stringify(await imageInfo(join(own, entry.open))));
}

/** Paths at which two JSON values differ, numbers compared with the relative tolerance. */
function differences(ours: unknown, theirs: unknown, path = ''): string[] {
  if (typeof ours === 'number' && typeof theirs === 'number') {
    const close = Math.abs(ours - theirs) <= relativeTolerance * Math.max(1, Math.abs(ours), Math.abs(theirs));
    return close ? [] : [`${path}: ${ours} instead of ${theirs}`];
  }
  if (typeof ours === 'object' && typeof theirs === 'object' && ours !== null && theirs !== null) {
    const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
    return [...keys].flatMap((key) =>
      differences((ours as Record<string, unknown>)[key], (theirs as Record<string, unknown>)[key], `${path}/${key}`),
    );
  }
  return ours === theirs ? [] : [`${path}: ${JSON.stringify(ours)} instead of ${JSON.stringify(theirs)}`];
}

interface Placed {
  readonly affine?: number[][];
  readonly zooms?: number[];
  readonly axisCodes?: string[];
}

function columnLengths(affine: readonly (readonly number[])[]): number[] {
  return [0, 1, 2].map((j) => Math.hypot(...affine.slice(0, 3).map((row) => row[j]!)));
}

/** Both forms are coded and the sform contradicts pixdim: nibabel takes the sform, ITK and this project the qform. */
const USES_QFORM =
  /^(quaternion ((half turn|zero|nearly a half turn) nifti[12]|hardly too long nifti1) behind an sform|sform_code [15], qform_code [25])$/;

/** What nibabel says, with the spacing of its affine where pixdim, which it gives as zooms, contradicts that. */
function spacingOfAffine(expected: Expected): Expected {
  const { affine, zooms } = expected as Placed;
  if (affine === undefined || zooms === undefined) return expected;
  const lengths = columnLengths(affine);
  return {
    ...expected,
    zooms: zooms.map((zoom, i) => (i < 3 && !(Math.abs(lengths[i]! / zoom - 1) < 1e-5) ? lengths[i]! : zoom)),
  };
}

describe('imageInfo on the corpus', () => {
  it.each(entries.map((entry, index) => [entry.name, entry, index] as const))('%s', async (_, entry, index) => {
    const info = (await inspect(entry, index)) as {
      file?: string;
      warnings?: string[];
      error?: { code: string; message: string };
    };
    delete info.file;
    delete info.warnings;
    if (info.error !== undefined) {
      expect(['corrupt-data', 'unsupported', 'limit-exceeded', 'not-found'], info.error.message).toContain(
        info.error.code,
      );
    }
    const { ours, code } = entry;
    if (code !== undefined) expect(info.error?.code).toBe(code);
    if (ours === 'ignore') return;
    const refused = ours === undefined ? entry.expect.error !== undefined : ours === 'error';
    if (refused) {
      expect(info.error, `nibabel says ${JSON.stringify(entry.expect)}`).toBeDefined();
      return;
    }
    expect(info.error?.message).toBeUndefined();
    if (ours === undefined && USES_QFORM.test(entry.name)) {
      const { affine, zooms, axisCodes: _, ...rest } = info as unknown as Required<Placed>;
      const { affine: __, zooms: pixdim, axisCodes: ___, ...expected } = entry.expect as unknown as Required<Placed>;
      expect(differences(rest, expected)).toEqual([]);
      expect(differences(zooms, pixdim)).toEqual([]);
      expect(differences(columnLengths(affine), pixdim)).toEqual([]);
    } else if (ours === undefined) expect(differences(info, spacingOfAffine(entry.expect))).toEqual([]);
  });
});
