import { Rng } from '@seg/core';
import { describe, expect, it } from 'vitest';
import {
  bestOf,
  chooseClusters,
  correctLabel,
  disagreement,
  formatLatentRecord,
  outlierLimit,
  outOfFoldDice,
  parseLatentHistory,
  rankCases,
  rankingCsv,
  splitDice,
  styleDiversity,
  type TrainedBaseline,
  volumeScore,
} from '../src/index.ts';

describe('networks compared', () => {
  it('agree with numbers by hand', () => {
    const table = [
      [0.9, 0.7],
      [0.5, 0.5],
    ];
    expect(bestOf(table)).toEqual([0.9, 0.5]);
    expect(styleDiversity(table)).toBeCloseTo(0.05, 12);
    expect(() => bestOf([[0.5], [0.5, 0.6]])).toThrow(/full table/);
  });
});

describe('chooseClusters', () => {
  it('finds three clouds, and one where there is one', () => {
    const rng = Rng.fromSeed(2);
    const cloud = (x: number, y: number) => Array.from({ length: 15 }, () => [rng.normal(x, 0.1), rng.normal(y, 0.1)]);
    const three = chooseClusters([...cloud(0, 0), ...cloud(3, 0), ...cloud(0, 3)]);
    expect(three.centroids.length).toBe(3);
    expect(three.silhouette).toBeGreaterThan(0.8);
    const evenly = Array.from({ length: 16 }, (_, i) => [
      Math.cos(i * 2.4) * Math.sqrt(i),
      Math.sin(i * 2.4) * Math.sqrt(i),
    ]);
    expect(
      chooseClusters([
        [0, 0],
        [0, 0],
        [0, 0],
      ]).centroids.length,
    ).toBe(1);
    expect(chooseClusters(evenly).clusters.length).toBe(16);
  });

  it('gives a few cases on either side of the main style clusters of their own', () => {
    const rng = Rng.fromSeed(3);
    const cloud = (n: number, x: number) => Array.from({ length: n }, () => [rng.normal(x, 0.12), rng.normal(0, 0.12)]);
    const { clusters } = chooseClusters([...cloud(60, 0), ...cloud(6, -1), ...cloud(6, 1.2)]);
    const found = [clusters.slice(0, 60), clusters.slice(60, 66), clusters.slice(66)].map((c) => [...new Set(c)]);
    expect(found.map((c) => c.length)).toEqual([1, 1, 1]);
    expect(new Set(found.flat()).size).toBe(3);
  });
});

describe('correctLabel', () => {
  it('adds, removes and keeps, by hand', () => {
    const given = Uint8Array.from([0, 1, 1, 2, 0, 0]);
    const predicted = Uint8Array.from([1, 1, 0, 1, 1, 255]);
    const { corrected, map, added, removed, dice } = correctLabel(given, predicted, { shape: [1, 1, 6] });
    expect([...corrected]).toEqual([1, 1, 0, 2, 2, 0]);
    const { agreed, removed: gone, added: more, notSeen } = disagreement;
    expect([...map]).toEqual([more, agreed, gone, agreed, more, notSeen]);
    expect([added, removed]).toEqual([2, 1]);
    expect(dice).toBeCloseTo(4 / 7, 12);
  });

  it('leaves other structures alone', () => {
    const given = Uint8Array.from([3, 1, 0]);
    const { corrected } = correctLabel(given, Uint8Array.from([1, 1, 1]), { shape: [1, 1, 3], labels: [1] });
    expect([...corrected]).toEqual([3, 1, 1]);
    expect(() => correctLabel(given, new Uint8Array(2), { shape: [1, 1, 3] })).toThrow(/differ in size/);
  });
});

describe('history of latents', () => {
  it('comes back from JSON lines, the last of repeated steps, without a torn end', () => {
    const record = (step: number, x: number) => ({
      step,
      latents: { a: [x, 1] },
      ...(x === 5 ? {} : { saturation: x }),
    });
    const text = [record(2, 0), record(1, 5), record(2, 7)].map(formatLatentRecord).join('');
    expect(parseLatentHistory(`${text}{"step":3,"lat`)).toEqual([record(1, 5), record(2, 7)]);
    expect(() => parseLatentHistory(`{"x":1}\n${text}`)).toThrow(/line 1 is no record/);
  });
});

describe('simple predictors', () => {
  it('score volumes by their distance from the median', () => {
    const [a, b, c, empty] = volumeScore([1, 2, 4, 0]);
    expect(a).toBeCloseTo(Math.LN2, 12);
    expect(b).toBe(0);
    expect(c).toBeCloseTo(Math.LN2, 12);
    expect(empty).toBe(Number.POSITIVE_INFINITY);
    expect(() => volumeScore([0])).toThrow(/one of them positive/);
  });

  it('scores every case by a network that has not seen it', async () => {
    const cases = Array.from({ length: 10 }, (_, i) => ({
      info: { id: `c${i}`, labelled: true },
      shape: [1, 1, 4] as const,
      channels: 1,
      image: new Float32Array(4),
      label: i === 3 ? Uint8Array.from([1, 0, 0, 0]) : Uint8Array.from([1, 1, 0, 0]),
    }));
    const seen = new Map<string, Set<string>>();
    let disposed = 0;
    const train = async (training: readonly { info: { id: string } }[], fold: number): Promise<TrainedBaseline> => {
      const ids = new Set(training.map((c) => c.info.id));
      return {
        steps: 1,
        probabilities: async () => new Float32Array(4),
        segment: async (image) => {
          const id = (image as unknown as (typeof cases)[number]).info.id;
          expect(ids.has(id)).toBe(false);
          seen.set(`${fold}:${id}`, ids);
          return Uint8Array.from([1, 1, 0, 0]);
        },
        dispose: () => void disposed++,
      };
    };
    const { errors } = await outOfFoldDice(cases, train, { folds: 5, seed: 4 });
    expect(seen.size).toBe(10);
    expect(disposed).toBe(5);
    for (const [i, e] of errors.entries()) expect(e).toBeCloseTo(i === 3 ? 1 / 3 : 0, 12);
    seen.clear();
    // Two scans a patient: a network that has seen one of them does not score the other.
    const groups = cases.map((_, i) => `patient ${i >> 1}`);
    await outOfFoldDice(cases, train, { folds: 3, seed: 4, groups });
    expect(seen.size).toBe(10);
    for (const [key, ids] of seen) {
      const i = Number(key.slice(key.indexOf('c') + 1));
      expect(ids.has(`c${i ^ 1}`)).toBe(false);
    }
    await expect(outOfFoldDice(cases, train, { folds: 6, groups })).rejects.toThrow(/folds must be .* 2 to 5/);
    await expect(outOfFoldDice(cases, train, { groups: ['a'] })).rejects.toThrow(/a group for each case/);
    const byPseudoTruth = await splitDice(
      cases,
      cases.map((_, i) => i > 4),
      train,
    );
    expect(byPseudoTruth.slice(5).every(Number.isNaN)).toBe(true);
    expect(byPseudoTruth[3]).toBeCloseTo(1 / 3, 12);
    await expect(outOfFoldDice(cases, train, { folds: 1 })).rejects.toThrow(/folds must be/);
  });
});

describe('outlierLimit', () => {
  it('is three robust standard deviations above the median, by what lies below', () => {
    // Median 5; distances of 1 to 5 from it are 4 to 0, their median 2.
    expect(outlierLimit([9, 1, 2, 3, 4, 5, 6, 7, 8])).toBeCloseTo(5 + 3 * 1.4826 * 2, 12);
    // However far off the others are.
    expect(outlierLimit([90, 1, 2, 3, 4, 5, 60, 70, 80])).toBeCloseTo(5 + 3 * 1.4826 * 2, 12);
    // Even counts: median 2.5, of which 1 and 2 are 1.5 and 0.5 below.
    expect(outlierLimit([1, 2, 3, 4])).toBeCloseTo(2.5 + 3 * 1.4826, 12);
  });
});

describe('ranking', () => {
  const latents = [...Array.from({ length: 9 }, (_, i) => [0.01 * i, 0]), [2, 2]];
  const column = (v: number) => latents.map(() => v);
  const scores = {
    ids: latents.map((_, i) => (i === 9 ? 'odd, "one"' : `c${i}`)),
    latents,
    clusters: column(0),
    volumesMl: column(3),
    volumeOnly: latents.map((_, i) => (i === 9 ? Number.POSITIVE_INFINITY : 0)),
    outOfFold: column(0.1),
    sentinel: [],
    dominant: latents.map((_, i) => (i === 9 ? 0.8 : 0.2 + 0.01 * i)),
    foldEpochs: 20,
    unseen: latents.map(() => false),
  };
  const rows = rankCases(scores);

  it('puts the outlier first and flags it alone', () => {
    expect(rows[0]!.case).toBe('odd, "one"');
    expect(rows.map((r) => r.flagged)).toEqual([true, ...Array.from({ length: 9 }, () => false)]);
    expect(rows[0]!.norm).toBeCloseTo(Math.sqrt(8), 12);
  });

  it('means the two Dice errors, but for networks that were trained too briefly and missing ones', () => {
    const first = (more: object) => rankCases({ ...scores, ...more })[0]!.label_disagreement;
    expect(first({})).toBeCloseTo((0.8 + 0.1) / 2, 12);
    expect(first({ foldEpochs: 5 })).toBeCloseTo((0.8 + 0.1) / 2, 12);
    expect(first({ foldEpochs: 4.9 })).toBe(0.8);
    expect(first({ outOfFold: [] })).toBe(0.8);
    // A label that the networks of the dominant style have learnt by heart.
    const learnt = rankCases({
      ...scores,
      dominant: column(0.07),
      outOfFold: latents.map((_, i) => (i === 4 ? 1 : 0.3 + 0.01 * i)),
    });
    expect(learnt[0]).toMatchObject({ case: 'c4', flagged: true });
  });

  it('flags what stands out by another score than the first', () => {
    const far = latents.map((z, i) => (i === 3 ? [1, 1] : z));
    const flagged = (more: object) =>
      rankCases({ ...scores, dominant: column(0.2), latents: far, ...more })
        .filter((row) => row.flagged)
        .map((row) => row.case);
    expect(flagged({}).sort()).toEqual(['c3', 'odd, "one"']);
    // By the dominant style's error alone: the mean's spread is that of the other one.
    const spread = latents.map((_, i) => 0.1 * i);
    const one = latents.map((_, i) => (i === 5 ? 0.4 : 0.2 + 0.001 * i));
    expect(flagged({ latents: latents.map((_, i) => [0.01 * i, 0]), outOfFold: spread, dominant: one })).toEqual([
      'c5',
    ]);
  });

  it('puts labels of which nothing is on the grid first, unless they are many', () => {
    const unseen = (...which: number[]) => latents.map((_, i) => which.includes(i));
    const [first] = rankCases({ ...scores, dominant: column(0), outOfFold: column(0), unseen: unseen(2) });
    expect(first).toMatchObject({ case: 'c2', label_disagreement: 1, flagged: true });
    const empty = latents.map((_, i) => (i < 3 ? 0 : 3));
    const none = { ...scores, dominant: column(0), outOfFold: column(0), volumesMl: empty };
    expect(rankCases({ ...none, unseen: unseen(0, 1, 2) }).every((row) => row.label_disagreement === 0)).toBe(true);
    // Lost ones never are a matter of course.
    const lost = rankCases({ ...none, unseen: unseen(0, 1, 2, 7) });
    expect(lost.filter((row) => row.label_disagreement === 1).map((row) => row.case)).toEqual(['c7']);
  });

  it('becomes CSV with quoted names and empty fields for what is missing', () => {
    const [head, first] = rankingCsv(rows).split('\n');
    expect(head).toBe(
      'case,norm,isolation,distance_to_median,out_of_fold_dice_error,volume_only,cluster,quality_sentinel,dominant_style_dice_error,label_disagreement,volume_ml,flagged',
    );
    expect(first).toMatch(/^"odd, ""one""",2\.8284271,/);
    expect(first).toMatch(/,0\.1,inf,0,,0\.8,0\.45,3,true$/);
  });
});
