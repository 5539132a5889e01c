import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pseudoTruthSplit, splitDice, type TrainedBaseline } from '../src/index.ts';

describe('pseudoTruthSplit', () => {
  it('flags the least suspect part, of equals the earlier', () => {
    expect(pseudoTruthSplit([3, 1, 2, 0])).toEqual([false, true, false, true]);
    expect(pseudoTruthSplit([1, 1, 1, 1])).toEqual([true, true, false, false]);
    expect(pseudoTruthSplit([Number.POSITIVE_INFINITY, 5, Number.POSITIVE_INFINITY, -1], { fraction: 0.75 })).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  it('always leaves a clean case, and one to score', () => {
    expect(pseudoTruthSplit([2, 1], { fraction: 0.01 })).toEqual([false, true]);
    expect(pseudoTruthSplit([2, 1, 3], { fraction: 0.99 })).toEqual([true, true, false]);
  });

  it('never flags a case that is more suspect than one it leaves out', () => {
    const part = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 2 }), part, (scores, fraction) => {
        const flags = pseudoTruthSplit(scores, { fraction });
        const clean = scores.filter((_, i) => flags[i]);
        const rest = scores.filter((_, i) => !flags[i]);
        expect(clean.length).toBe(Math.min(scores.length - 1, Math.max(1, Math.round(fraction * scores.length))));
        for (const a of clean) for (const b of rest) expect(a <= b).toBe(true);
      }),
    );
  });

  it('is what splitDice trains on', async () => {
    const cases = [0, 1, 2, 3].map((i) => ({
      info: { id: `case ${i}`, labelled: true },
      shape: [1, 1, 4] as const,
      channels: 1,
      image: new Float32Array(4),
      label: Uint8Array.from([1, 1, i % 2, 0]),
    }));
    const trainedOn: string[] = [];
    const trained: TrainedBaseline = {
      probabilities: async () => new Float32Array(4),
      segment: async () => Uint8Array.of(1, 1, 0, 0),
      steps: 1,
      dispose: () => {},
    };
    const errors = await splitDice(cases, pseudoTruthSplit([0.1, 0.9, 0.2, 0.8]), async (some) => {
      trainedOn.push(...some.map(({ info }) => info.id));
      return trained;
    });
    expect(trainedOn).toEqual(['case 0', 'case 2']);
    // One voxel of 2 + 3 differs: Dice 4 / 5.
    expect(errors.map((e) => (Number.isNaN(e) ? null : Math.round(e * 1e6) / 1e6))).toEqual([null, 0.2, null, 0.2]);
  });

  it('keeps other scans of the patients that are scored out of the training', async () => {
    const cases = ['P', 'P', 'Q', 'Q', 'R'].map((patient, i) => ({
      info: { id: `case ${i}`, patient, labelled: true },
      shape: [1, 1, 2] as const,
      channels: 1,
      image: new Float32Array(2),
      label: Uint8Array.of(1, 0),
    }));
    const trainedOn: string[] = [];
    const train = async (some: readonly { readonly info: { readonly id: string } }[]): Promise<TrainedBaseline> => {
      trainedOn.push(...some.map(({ info }) => info.id));
      return {
        probabilities: async () => new Float32Array(2),
        segment: async () => Uint8Array.of(1, 1),
        steps: 1,
        dispose: () => {},
      };
    };
    // Case 0 is clean, but the other scan of its patient is scored. 1 - 2 / 3 by hand.
    const errors = await splitDice(cases, [true, false, true, true, false], train);
    expect(trainedOn).toEqual(['case 2', 'case 3']);
    expect(errors.map((e) => (Number.isNaN(e) ? null : Math.round(e * 1e6) / 1e6))).toEqual([
      null,
      0.333333,
      null,
      null,
      0.333333,
    ]);
    await expect(splitDice(cases.slice(0, 2), [true, false], train)).rejects.toThrow(/patient that is scored/);
  });

  it('refuses bad fractions and scores', () => {
    for (const fraction of [0, 1, Number.NaN, -1]) {
      expect(() => pseudoTruthSplit([1, 2], { fraction })).toThrow(/fraction must be a part/);
    }
    expect(() => pseudoTruthSplit([1])).toThrow(/two scores/);
    expect(() => pseudoTruthSplit([1, Number.NaN])).toThrow(/score 1 is not a number/);
  });
});
