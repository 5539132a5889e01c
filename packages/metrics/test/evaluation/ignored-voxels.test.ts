import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CohortEvaluation, evaluateSegmentation, type LabelEvaluation } from '../../src/index.ts';

const run = (prediction: readonly number[], reference: readonly number[], options = {}) =>
  evaluateSegmentation({
    prediction: Uint8Array.from(prediction),
    reference: Uint8Array.from(reference),
    shape: [1, 1, prediction.length],
    spacingMm: [1, 1, 2],
    ignoreLabels: [9],
    ...options,
  });

describe('ignored voxels', () => {
  it('count in no measure: by hand', () => {
    // Voxels 5 to 7 do not count: left are 2 of the prediction, 3 of the reference, 2 of both.
    const [row] = run([0, 0, 1, 1, 0, 1, 1, 1], [0, 1, 1, 1, 0, 9, 9, 9]).labels;
    expect(row).toMatchObject({
      label: '1',
      dice: 4 / 5,
      jaccard: 2 / 3,
      sensitivity: 2 / 3,
      precision: 1,
      truePositives: 2,
      falsePositives: 0,
      falseNegatives: 1,
      hdMm: 2,
      emptyPrediction: false,
    });
    expect(row!.volumeMl).toBeCloseTo(0.004, 12);
    expect(row!.referenceVolumeMl).toBeCloseTo(0.006, 12);
  });

  it('are as the outside of the image for surfaces, in both maps alike', () => {
    // In three dimensions: two slabs that reach an ignored half are those of the other half alone.
    const slab = (value: (z: number, y: number) => number) =>
      Uint8Array.from({ length: 6 * 6 * 6 }, (_, i) => value(Math.floor(i / 36), Math.floor(i / 6) % 6));
    const spacingMm = [3, 2, 1];
    for (const convention of ['monai', 'medpy', 'deepmind'] as const) {
      const whole = evaluateSegmentation({
        prediction: slab((z, y) => (y < 4 ? (z >= 1 && z < 5 ? 1 : 0) : 1)),
        reference: slab((z, y) => (y < 4 ? (z >= 2 && z < 5 ? 1 : 0) : 9)),
        shape: [6, 6, 6],
        spacingMm,
        convention,
        ignoreLabels: [9],
      }).labels;
      const half = evaluateSegmentation({
        prediction: Uint8Array.from({ length: 6 * 4 * 6 }, (_, i) => (i >= 24 && i < 5 * 24 ? 1 : 0)),
        reference: Uint8Array.from({ length: 6 * 4 * 6 }, (_, i) => (i >= 2 * 24 && i < 5 * 24 ? 1 : 0)),
        shape: [6, 4, 6],
        spacingMm,
        convention,
      }).labels;
      expect(whole).toEqual(half);
    }
  });

  it('change nothing by what is predicted there', () => {
    const value = fc.integer({ min: 0, max: 3 });
    const map = fc.array(value, { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(map, map, map, fc.constantFrom('monai', 'medpy', 'deepmind'), (reference, one, other, convention) => {
        const evaluate = (prediction: readonly number[]) =>
          evaluateSegmentation({
            prediction: Int16Array.from(prediction),
            reference: Uint8Array.from(reference),
            shape: [3, 4, 5],
            convention: convention as 'monai',
            labels: [1, 2, { name: 'none of them', values: [0] }],
            ignoreLabels: [3],
          }).labels;
        expect(evaluate(one.map((v, i) => (reference[i] === 3 ? other[i]! : v)))).toEqual(evaluate(one));
      }),
      { numRuns: 60 },
    );
  });

  it('list the labels that occur where something counts, and none where nothing does', () => {
    const names = (rows: readonly LabelEvaluation[]) => rows.map(({ label }) => label);
    expect(names(run([1, 0, 2, 9], [1, 4, 9, 9]).labels)).toEqual(['1', '4']);
    expect(run([1, 0, 2, 1], [9, 9, 9, 9]).labels).toEqual([]);
    expect(run([1, 0, 2, 1], [9, 9, 9, 9], { labels: [1, 2] }).labels).toEqual([]);
    expect(names(run([1, 0], [0, 8], { ignoreLabels: [8, 9, 8], labels: [1, 2] }).labels)).toEqual(['1', '2']);
  });

  it('cannot be evaluated, and are integers', () => {
    expect(() => run([1], [1], { labels: [1, { name: 'all', values: [1, 9] }] })).toThrow(
      /both evaluated and ignored.*all/,
    );
    expect(() => run([1], [1], { ignoreLabels: [1.5] })).toThrow(/must be integers.*1\.5/);
  });

  it('are the same for all cases of a cohort, whose summary names them', () => {
    const cohort = new CohortEvaluation();
    cohort.add('a', run([1, 0], [1, 9]));
    cohort.add('b', run([1, 0], [9, 9]));
    expect(cohort.summary()).toMatchObject({ cases: 2, ignoreLabels: [9], labels: { 1: { cases: 1 } } });
    expect(() => cohort.add('c', run([1, 0], [1, 0], { ignoreLabels: [] }))).toThrow(/different ways/);
  });
});

it('says over how many cases a mean distance is, and why not over all', () => {
  const cohort = new CohortEvaluation();
  const maps = { both: [[1], [1]], prediction: [[1], [0]], reference: [[0], [1]], none: [[0], [0]] } as const;
  for (const [id, [prediction, reference]] of Object.entries(maps)) {
    cohort.add(id, run(prediction, reference, { labels: [1] }));
  }
  const { cases, emptyPrediction, emptyReference, emptyBoth, hd95Mm, dice } = cohort.summary().labels['1']!;
  expect([cases, emptyPrediction, emptyReference, emptyBoth]).toEqual([4, 2, 2, 1]);
  expect(hd95Mm).toMatchObject({ mean: 0, count: 1, infinite: 2, undefined: 1 });
  expect(dice).toMatchObject({ count: 3, undefined: 1 });
});
