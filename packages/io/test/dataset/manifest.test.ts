import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DatasetManifest, parseManifest } from '../../src/index.ts';

const manifest: DatasetManifest = {
  schemaVersion: 1,
  name: 'two organs',
  labels: [
    { value: 1, name: 'liver' },
    { value: 3, name: 'spleen' },
  ],
  channels: ['T1', 'T2'],
  ignoreLabel: 9,
  cases: [
    { id: 'a', patient: 'p', images: ['i/a.nii.gz'], label: 'l/a.nii.gz', annotatedLabels: [3], split: 'train' },
    { id: 'b', images: ['i/b0.nii.gz', 'i/b1.nii.gz'], label: ['l/b1.nii', 'l/b2.nii'], spacingMm: [3, 1, 1] },
    { id: 'c', images: ['i/c.nii.gz'], labels: [{ value: 1, name: 'tumour' }] },
  ],
};

const parse = (value: unknown) => parseManifest(JSON.stringify(value));
const withCase = (change: object) => parse({ ...manifest, cases: [{ ...manifest.cases[0], ...change }] });

describe('parseManifest', () => {
  it('reads back what was written', () => expect(parse(manifest)).toEqual(manifest));

  it('leaves out the background, sorts labels and cleans paths', () => {
    const labels = [
      { value: 3, name: 'c' },
      { value: 0, name: 'background' },
      { value: 1, name: 'a' },
    ];
    const parsed = parse({ ...manifest, labels, cases: [{ id: 'a', images: ['./i//a.nii'] }] });
    expect(parsed.labels.map(({ value }) => value)).toEqual([1, 3]);
    expect(parsed.cases[0]!.images).toEqual(['i/a.nii']);
  });

  it.each([
    ['/etc/passwd'],
    ['../x.nii'],
    ['a/../../x.nii'],
    ['a\\..\\x.nii'],
    ['C:/x.nii'],
    ['a\u0000.nii'],
    ['a\n.nii'],
    ['.'],
    ['./'],
  ])('refuses the path %j', (path) => {
    expect(() => withCase({ images: [path] })).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    expect(() => withCase({ label: [path] })).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  it.each([
    [{ ...manifest, schemaVersion: 2 }, 'schemaVersion must be 1'],
    [{ ...manifest, name: '' }, 'name must be a text'],
    [{ ...manifest, channels: [] }, 'channels must name'],
    [{ ...manifest, labels: [{ value: -1, name: 'x' }] }, 'labels[0].value must be an integer'],
    [
      {
        ...manifest,
        labels: [
          { value: 1, name: 'x' },
          { value: 1, name: 'y' },
        ],
      },
      'labels has the value 1',
    ],
    [{ ...manifest, ignoreLabel: 3 }, 'ignoreLabel is also'],
    [{ ...manifest, lables: [] }, 'Did you mean "labels"?'],
    [
      {
        ...manifest,
        cases: [
          { id: 'a', images: ['a'] },
          { id: 'a', images: ['b'] },
        ],
      },
      'cases[1].id occurs twice',
    ],
    [{ ...manifest, cases: [{ id: '../a', images: ['a'] }] }, 'cases[0].id cannot be part of a file name'],
    [{ ...manifest, cases: [{ id: '..', images: ['a'] }] }, 'cases[0].id cannot be part of a file name'],
    [{ ...manifest, cases: [{ id: 'a', images: ['1', '2', '3'] }] }, 'cases[0].images must be one file'],
    [
      { ...manifest, cases: [{ id: 'a', images: ['1'], annotatedLabels: [2] }] },
      'is not the value of a declared label',
    ],
    [{ ...manifest, cases: [{ id: 'a', images: ['1'], split: 'training' }] }, 'must be one of train'],
    [{ ...manifest, cases: [{ id: 'a', images: ['1'], spacingMm: [1, 1] }] }, 'must be three numbers'],
    [{ ...manifest, cases: [{ id: 'a', images: ['1'], label: [] }] }, 'is an empty list'],
    [[], 'the document must be an object'],
  ])('names place and fault: %#', (value, message) => {
    expect(() => parse(value)).toThrow(message);
    expect(() => parse(value)).toThrow(expect.objectContaining({ code: 'corrupt-data' }));
  });

  it('lists all faulty cases at once', () => {
    const cases = [
      { id: 'a', images: ['../a'] },
      { id: 'b', images: ['b'] },
      { id: 'c', images: [7] },
    ];
    expect(() => parse({ ...manifest, cases })).toThrow(
      /2 entries are wrong:[\s\S]*climbs[\s\S]*cases\[2\]\.images\[0\]/,
    );
  });

  it('is not moved by __proto__ and does not touch prototypes', () => {
    const text = JSON.stringify(manifest).replace('"name"', '"__proto__":{"polluted":true},"name"');
    expect(() => parseManifest(text)).toThrow('__proto__ is not a member');
    const hidden = JSON.stringify(manifest).replace('"name":"two organs",', '"__proto__":{"name":"inherited"},');
    expect(() => parseManifest(hidden)).toThrow(expect.objectContaining({ code: 'corrupt-data' }));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('gives a manifest or a SegError for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(manifest)), (value, key) => {
        try {
          parse({ ...manifest, [key]: value });
        } catch (error) {
          expect(error).toMatchObject({ name: 'SegError' });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('names the file where the text is no JSON', () => {
    expect(() => parseManifest('{', { where: 'x/seg.json' })).toThrow(/^x\/seg\.json: not valid JSON/);
  });
});

describe('manifest.schema.json', () => {
  const schema = JSON.parse(readFileSync(new URL('../../schema/manifest.schema.json', import.meta.url), 'utf8'));
  const accepts = new Ajv2020({ strict: true, strictTypes: 'log' }).compile(schema);
  const parses = (value: unknown) => {
    try {
      parse(value);
      return true;
    } catch {
      return false;
    }
  };

  it('accepts what the parser accepts', () => {
    expect(accepts(manifest), JSON.stringify(accepts.errors)).toBe(true);
    expect(accepts({ ...manifest, $schema: schema.$id, cases: [] })).toBe(true);
  });

  it('judges paths and ids as the parser does', () => {
    const part = fc.constantFrom(
      'a',
      '.',
      '..',
      '',
      'C:',
      '...',
      'a..',
      '..a',
      '\\',
      '\u0000',
      '\n',
      'ö',
      ' ',
      '*',
      'C:x',
    );
    const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const check = (change: object) => {
      const value = { ...manifest, cases: [{ ...manifest.cases[0], ...change }] };
      expect(accepts(value), JSON.stringify(value.cases)).toBe(parses(value));
    };
    fc.assert(
      fc.property(path, (text) => check({ images: [text] })),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(path, (text) => check({ id: text })),
      { numRuns: 500 },
    );
  });

  it('judges single members as the parser does', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.integer({ min: -2, max: 4 }),
      fc.constantFrom('train', 'test', [1, 2, 3], [1]),
    );
    const own = ['patient', 'split', 'spacingMm', 'annotatedLabels', 'label', 'images', 'unknown'];
    const top = ['schemaVersion', 'name', 'description', 'channels', 'ignoreLabel', 'labels', 'cases', 'unknown'];
    fc.assert(
      fc.property(value, fc.constantFrom(...top), (v, key) => {
        // Rules that a schema cannot state are left out: null counts as absent, references between members.
        fc.pre(v !== null && key !== '__proto__' && !(key === 'ignoreLabel' && (v === 1 || v === 3)));
        const changed = { ...manifest, cases: [], [key]: v };
        expect(accepts(changed), JSON.stringify(changed)).toBe(parses(changed));
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(value, fc.constantFrom(...own), (v, key) => {
        const listed = Array.isArray(v) && key === 'images' && v.length > 2;
        const undeclared =
          Array.isArray(v) && key === 'annotatedLabels' && v.some((n) => n !== 0 && n !== 1 && n !== 3);
        fc.pre(v !== null && !listed && !undeclared);
        const changed = { ...manifest, cases: [{ ...manifest.cases[0], [key]: v }] };
        expect(accepts(changed), JSON.stringify(changed.cases)).toBe(parses(changed));
      }),
      { numRuns: 1000 },
    );
  });
});
