import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossValidationSplits, type DatasetCase, type Split, splitDataset } from '../../src/index.ts';

function fakeCase(id: string, patient: string, options: { label?: boolean; split?: Split } = {}): DatasetCase {
  const { label = true, split } = options;
  return {
    id,
    patient,
    imagePaths: [id],
    labelPaths: label ? [id] : [],
    ...(split === undefined ? {} : { split }),
    loadImage: () => Promise.reject(new Error('not read')),
    loadLabel: () => Promise.reject(new Error('not read')),
  };
}

const cases = Array.from({ length: 30 }, (_, i) => fakeCase(`case${i}`, `patient${i % 12}`));
const ids = (list: readonly DatasetCase[]) => list.map(({ id }) => id);

describe('splitDataset', () => {
  it('keeps patients together and reaches the fraction', () => {
    const { train, validation } = splitDataset({ cases }, { validationFraction: 0.25, seed: 4 });
    const patients = new Set(validation.map(({ patient }) => patient));
    expect(patients.size).toBe(3);
    expect(train.some(({ patient }) => patients.has(patient))).toBe(false);
    expect(train.length + validation.length).toBe(30);
  });

  it('depends on the seed and not on the order of the cases', () => {
    const once = ids(splitDataset({ cases }, { seed: 1 }).validation);
    const reversed = ids(splitDataset({ cases: cases.toReversed() }, { seed: 1 }).validation);
    expect(reversed.sort()).toEqual(once.toSorted());
    expect(ids(splitDataset({ cases }, { seed: 2 }).validation)).not.toEqual(once);
  });

  it('uses a declared split unless told not to, and sets test and unannotated cases aside', () => {
    const declared = [
      fakeCase('a', 'a'),
      fakeCase('b', 'b', { split: 'validation' }),
      fakeCase('c', 'c', { split: 'test' }),
      fakeCase('d', 'd', { label: false }),
      fakeCase('e', 'e', { split: 'train' }),
    ];
    const split = splitDataset({ cases: declared });
    expect(ids(split.train)).toEqual(['a', 'e']);
    expect(ids(split.validation)).toEqual(['b']);
    expect(ids(split.test)).toEqual(['c']);
    expect(ids(split.unlabelled)).toEqual(['d']);
    const own = splitDataset({ cases: declared }, { validationFraction: 0.7, useDeclared: false });
    expect([...ids(own.train), ...ids(own.validation)].sort()).toEqual(['a', 'b', 'e']);
    expect(own.validation.length).toBe(2);
  });

  it('refuses a fraction out of range and a single patient', () => {
    const refused = expect.objectContaining({ code: 'invalid-argument' });
    expect(() => splitDataset({ cases }, { validationFraction: 1 })).toThrow(refused);
    expect(() => splitDataset({ cases: [fakeCase('a', 'p'), fakeCase('b', 'p')] })).toThrow(refused);
  });
});

describe('crossValidationSplits', () => {
  it('validates every case exactly once and never mixes a patient', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(1000), (folds, seed) => {
        const splits = crossValidationSplits({ cases }, { folds, seed });
        expect(splits.flatMap(({ validation }) => ids(validation)).sort()).toEqual(ids(cases).sort());
        for (const { train, validation } of splits) {
          const held = new Set(validation.map(({ patient }) => patient));
          expect(train.some(({ patient }) => held.has(patient))).toBe(false);
          expect(train.length + validation.length).toBe(cases.length);
        }
      }),
    );
  });

  it('refuses more folds than patients', () => {
    expect(() => crossValidationSplits({ cases }, { folds: 13 })).toThrow('2 to 12');
  });
});
