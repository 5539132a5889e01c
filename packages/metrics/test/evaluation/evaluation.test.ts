import { describe, expect, it } from 'vitest';
import {
  assd,
  CohortEvaluation,
  dice,
  evaluateSegmentation,
  hd95,
  jaccard,
  surfaceDice,
  surfaceDistances,
} from '../../src/index.ts';

const shape = [6, 7, 8];
const spacingMm = [2, 1, 0.5];
const voxels = 6 * 7 * 8;

/** Patches of the labels 0 to 3, different for each seed. */
function labelMap(seed: number): Uint8Array {
  return Uint8Array.from({ length: voxels }, (_, i) => {
    const [z, y, x] = [Math.floor(i / 56), Math.floor(i / 8) % 7, i % 8];
    return (Math.floor((z + seed) / 3) + 2 * Math.floor((y + 2 * seed) / 4) + Math.floor((x + seed) / 5)) % 4;
  });
}

const [prediction, reference] = [labelMap(0), labelMap(1)];

describe('evaluateSegmentation', () => {
  it.each(['monai', 'medpy', 'deepmind'] as const)('has the values of the single measures: %s', (convention) => {
    const result = evaluateSegmentation({ prediction, reference, shape, spacingMm, convention, toleranceMm: 0.7 });
    expect(result.labels.map(({ label }) => label)).toEqual(['1', '2', '3']);
    expect(result).toMatchObject({ shape, spacingMm, convention, toleranceMm: 0.7 });
    expect(result.diagonalMm).toBe(Math.hypot(12, 7, 4));
    for (const row of result.labels) {
      const label = Number(row.label);
      const distances = surfaceDistances(prediction, reference, { shape, spacingMm, convention, label });
      expect(row.dice).toBe(dice(prediction, reference, { label }));
      expect(row.jaccard).toBe(jaccard(prediction, reference, { label }));
      expect(row.hd95Mm).toBe(hd95(distances));
      expect(row.assdMm).toBe(assd(distances));
      expect(row.nsd).toBe(surfaceDice(distances, 0.7));
      expect(row.volumeMl).toBeCloseTo(prediction.filter((value) => value === label).length / 1000, 12);
      expect(row.referenceVolumeMl).toBeCloseTo(reference.filter((value) => value === label).length / 1000, 12);
    }
  });

  it('takes regions, other types, images and the background', () => {
    const region = { name: 'whole', values: [1, 2, 3] };
    const wide = evaluateSegmentation({
      prediction: Float32Array.from(prediction),
      reference: Int32Array.from(reference),
      shape: [42, 8],
      labels: [region, 0, 7],
    });
    const [whole, background, absent] = wide.labels;
    expect(whole!.label).toBe('whole');
    expect(whole!.dice).toBe(dice(prediction, reference));
    expect(background!.dice).toBe(dice(prediction, reference, { label: 0 }));
    expect(absent).toMatchObject({ emptyPrediction: true, emptyReference: true, volumeMl: 0 });
    expect(absent!.dice).toBeNaN();
    expect(absent!.hd95Mm).toBeNaN();
    expect(wide.diagonalMm).toBe(Math.hypot(42, 8));
  });

  it('refuses what is no label map', () => {
    const base = { prediction, reference, shape };
    expect(() => evaluateSegmentation({ ...base, prediction: new Float32Array(voxels).fill(0.5) })).toThrow(
      /no integer/,
    );
    expect(() => evaluateSegmentation({ ...base, reference: new Float32Array(voxels).fill(Number.NaN) })).toThrow(
      /no integer/,
    );
    expect(() => evaluateSegmentation({ ...base, shape: [6, 7, 9] })).toThrow(/every voxel/);
    expect(() => evaluateSegmentation({ ...base, labels: [1, { name: '1', values: [2] }] })).toThrow(/same name/);
    expect(() => evaluateSegmentation({ ...base, labels: [{ name: 'none', values: [] }] })).toThrow(
      /name and integer values/,
    );
    expect(() => evaluateSegmentation({ ...base, labels: [1.5] })).toThrow(/integer values/);
    expect(() => evaluateSegmentation({ ...base, toleranceMm: -1 })).toThrow(/tolerance/);
    expect(() => evaluateSegmentation({ ...base, convention: 'medipy' as 'medpy' })).toThrow(/Did you mean "medpy"/);
  });
});

describe('CohortEvaluation', () => {
  const image = (...values: number[]): Uint8Array => Uint8Array.from(values);
  const grid = { shape: [1, 4], spacingMm: [1, 3], labels: [1, 2] };
  const cases: [string, Uint8Array, Uint8Array][] = [
    ['same', image(1, 1, 0, 0), image(1, 1, 0, 0)],
    ['shifted', image(0, 1, 1, 2), image(1, 1, 0, 2)],
    ['missed, "quoted"', image(0, 0, 0, 0), image(1, 0, 0, 0)],
  ];
  const cohort = (emptyDistances: 'skip' | 'penalty'): CohortEvaluation => {
    const result = new CohortEvaluation({ emptyDistances });
    for (const [name, p, g] of cases) {
      result.add(name, evaluateSegmentation({ prediction: p, reference: g, ...grid }));
    }
    return result;
  };

  it('averages over cases, then over labels, and counts what it leaves out', () => {
    const summary = cohort('skip').summary();
    const first = summary.labels['1']!;
    expect(first.dice).toMatchObject({ mean: 0.5, median: 0.5, min: 0, max: 1, count: 3, undefined: 0, infinite: 0 });
    expect(first.dice.standardDeviation).toBeCloseTo(0.5, 12);
    expect(first).toMatchObject({ cases: 3, emptyPrediction: 1, emptyReference: 0, emptyBoth: 0 });
    expect(first.globalDice).toBe((2 * 3) / (4 + 5));
    // Distances 0 (same) and 3 (shifted); the missed case is infinite.
    expect(first.hdMm).toMatchObject({ mean: 1.5, count: 2, infinite: 1 });
    const second = summary.labels['2']!;
    expect(second.dice).toMatchObject({ mean: 1, count: 1, undefined: 2, standardDeviation: null });
    expect(second).toMatchObject({ emptyPrediction: 2, emptyReference: 2, emptyBoth: 2 });
    expect(summary.mean.dice).toBe(0.75);
    expect(summary).toMatchObject({ cases: 3, convention: 'monai', toleranceMm: 1, emptyDistances: 'skip' });
  });

  it('puts the diagonal in the place of an infinite distance if asked', () => {
    const summary = cohort('penalty').summary();
    const diagonal = Math.hypot(1, 12);
    expect(summary.labels['1']!.hdMm).toMatchObject({ max: diagonal, count: 3, infinite: 1 });
    expect(summary.labels['1']!.hdMm.mean).toBeCloseTo((3 + diagonal) / 3, 12);
    expect(summary.labels['2']!.hdMm).toMatchObject({ count: 1, undefined: 2, infinite: 0 });
  });

  it('writes CSV and JSON', () => {
    const csv = cohort('skip').toCsv();
    const lines = csv.trimEnd().split('\n');
    expect(csv.endsWith('\n')).toBe(true);
    expect(lines[0]).toBe('case,label,dice,jaccard,hd95_mm,assd_mm,nsd_1mm,volume_ml,reference_volume_ml,flags');
    expect(lines[1]).toBe('same,1,1,1,0,0,1,0.006,0.006,');
    expect(lines[2]).toBe('same,2,NaN,NaN,NaN,NaN,NaN,0,0,emptyPrediction;emptyReference');
    expect(lines[5]).toBe('"missed, ""quoted""",1,0,0,Infinity,Infinity,0,0,0.003,emptyPrediction');
    expect(lines).toHaveLength(7);
    const again = JSON.parse(JSON.stringify(cohort('skip')));
    expect(again).toEqual(cohort('skip').summary());
    expect(JSON.stringify(again)).not.toMatch(/NaN|Infinity/);
  });

  it('has nulls without cases', () => {
    const summary = new CohortEvaluation().summary();
    expect(summary).toMatchObject({ schemaVersion: 1, cases: 0, labels: {}, convention: null });
    expect(summary.mean.dice).toBeNull();
  });

  it('refuses a case twice, other conventions and unknown policies', () => {
    const evaluation = evaluateSegmentation({ prediction, reference, shape });
    const result = new CohortEvaluation();
    result.add('a', evaluation);
    expect(() => result.add('a', evaluation)).toThrow(/added before/);
    expect(() => result.add('b', { ...evaluation, toleranceMm: 2 })).toThrow(/different ways/);
    expect(() => new CohortEvaluation({ emptyDistances: 'zero' as 'skip' })).toThrow(/skip \| penalty/);
  });
});
