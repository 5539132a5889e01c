import { Rng, type Triple } from '@seg/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyPerturbation,
  dilateLabels,
  dropSlices,
  erodeLabels,
  jitterContour,
  type Perturbation,
  perturbLabels,
  relabel,
  shiftLabels,
  stratify,
} from '../src/index.ts';

/** A label map from rows of digits, one slice. */
function slice(...rows: string[]): { label: Uint8Array; shape: Triple } {
  return { label: Uint8Array.from(rows.join(''), Number), shape: [1, rows.length, rows[0]!.length] };
}

function rows(label: Uint8Array, width: number): string[] {
  return Array.from({ length: label.length / width }, (_, i) => [...label.slice(i * width, (i + 1) * width)].join(''));
}

/** A ball of label 1 whose lower half is label 2. */
function ball(size = 13, radius = 4.5): { label: Uint8Array; shape: Triple } {
  const centre = (size - 1) / 2;
  const label = Uint8Array.from({ length: size ** 3 }, (_, i) => {
    const [z, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
    const inside = Math.hypot(z - centre, y - centre, x - centre) <= radius;
    return inside ? (y > centre ? 2 : 1) : 0;
  });
  return { label, shape: [size, size, size] };
}

const foreground = (label: Uint8Array) => label.reduce((sum, v) => sum + (v > 0 ? 1 : 0), 0);

describe('erosion and dilation', () => {
  it('take away and add one rim of the cross', () => {
    const { label, shape } = slice('.....'.replaceAll('.', '0'), '01110', '01110', '01110', '00000');
    expect(rows(erodeLabels(label, shape), 5)).toEqual(['00000', '00000', '00100', '00000', '00000']);
    expect(rows(dilateLabels(erodeLabels(label, shape), shape), 5)).toEqual([
      '00000',
      '00100',
      '01110',
      '00100',
      '00000',
    ]);
    expect(rows(dilateLabels(erodeLabels(label, shape), shape, { connectivity: 18 }), 5)[1]).toBe('01110');
  });

  it('erode at the edge of the image, and keep borders between labels', () => {
    const { label, shape } = slice('1122', '1122', '1122');
    expect(rows(erodeLabels(label, shape), 4)).toEqual(['0000', '0120', '0000']);
  });

  it('give a new voxel the majority of its neighbours, the lowest of equals', () => {
    const { label, shape } = slice('102', '000', '020');
    expect(rows(dilateLabels(label, shape), 3)).toEqual(['112', '122', '222']);
  });

  it('touch only the labels that were named', () => {
    const { label, shape } = slice('00000', '01220', '00000');
    expect(rows(dilateLabels(label, shape, { labels: [1] }), 5)).toEqual(['01000', '11220', '01000']);
    expect(rows(erodeLabels(label, shape, { labels: [2] }), 5)).toEqual(['00000', '01000', '00000']);
  });

  it('work between slices in 3-D', () => {
    const label = Uint8Array.of(0, 1, 0);
    expect([...dilateLabels(label, [3, 1, 1])]).toEqual([1, 1, 1]);
    expect([...erodeLabels(Uint8Array.of(1, 1, 1), [3, 1, 1])]).toEqual([0, 0, 0]);
  });

  it('shrink and grow with the rounds, and rounds compose', () => {
    const { label, shape } = ball();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }), (a, b) => {
        for (const apply of [erodeLabels, dilateLabels]) {
          expect(apply(apply(label, shape, { rounds: a }), shape, { rounds: b })).toEqual(
            apply(label, shape, { rounds: a + b }),
          );
        }
      }),
    );
    const sizes = [0, 1, 2].map((rounds) => foreground(erodeLabels(label, shape, { rounds })));
    expect(sizes[0]! > sizes[1]! && sizes[1]! > sizes[2]!).toBe(true);
    expect(foreground(dilateLabels(label, shape))).toBeGreaterThan(sizes[0]!);
  });
});

describe('other perturbations', () => {
  it('shift, losing what leaves the image', () => {
    const { label, shape } = slice('120', '000', '003');
    expect(rows(shiftLabels(label, shape, [0, 1, -1]), 3)).toEqual(['000', '200', '000']);
    expect(foreground(shiftLabels(label, shape, [1, 0, 0]))).toBe(0);
    expect(() => shiftLabels(label, shape, [0, 0.5, 0])).toThrow(/whole voxels/);
  });

  it('drop slices at the ends or anywhere', () => {
    const label = Uint8Array.of(0, 1, 1, 1, 1, 0);
    const at = (from: 'start' | 'end' | 'ends') => [...dropSlices(label, [6, 1, 1], { count: 2, from })].join('');
    expect([at('start'), at('end'), at('ends')]).toEqual(['000110', '011000', '001100']);
    expect(foreground(dropSlices(label, [6, 1, 1], { count: 3 }, Rng.fromSeed(1)))).toBe(1);
    expect(foreground(dropSlices(label, [6, 1, 1], { count: 9, from: 'ends' }))).toBe(0);
    expect([...dropSlices(label, [1, 1, 6], { count: 1, axis: 2, from: 'start' })]).toEqual([0, 0, 1, 1, 1, 0]);
    expect(() => dropSlices(label, [6, 1, 1], { count: 1 })).toThrow(/need an rng/);
  });

  it('relabel', () => {
    expect([...relabel(Uint8Array.of(0, 1, 2, 3), { 1: 2, 2: 1 })]).toEqual([0, 2, 1, 3]);
    expect(() => relabel(Uint8Array.of(0), { 1: 300 })).toThrow(/0 to 255/);
  });

  it('jitter the contour without new labels or holes in the middle', () => {
    const { label, shape } = ball();
    const moved = jitterContour(label, shape, { standardDeviationVoxels: 1 }, Rng.fromSeed(2));
    expect(moved).not.toEqual(label);
    expect([...new Set(moved)].sort()).toEqual([0, 1, 2]);
    expect(moved[6 * 169 + 6 * 13 + 6]).not.toBe(0);
    // The displacements have mean 0, so the volume stays about the same.
    expect(foreground(moved) / foreground(label)).toBeGreaterThan(0.7);
    expect(foreground(moved) / foreground(label)).toBeLessThan(1.4);
  });
});

describe('stratify', () => {
  const names = Array.from({ length: 20 }, (_, i) => `case ${i}`);
  const counts = (of: ReadonlyMap<string, string>) => {
    const found: Record<string, number> = {};
    for (const kind of of.values()) found[kind] = (found[kind] ?? 0) + 1;
    return found;
  };

  it('gives each kind as many names as its share says', () => {
    for (let seed = 0; seed < 10; seed++) {
      expect(counts(stratify(names, { erode: 1, dilate: 1 }, Rng.fromSeed(seed)))).toEqual({ erode: 10, dilate: 10 });
    }
    // Quotas 2.8, 2.1, 2.1 of 7: two each, and the one that is left to the largest remainder.
    expect(counts(stratify(names.slice(0, 7), { a: 0.4, b: 0.3, c: 0.3 }, Rng.fromSeed(1)))).toEqual({
      a: 3,
      b: 2,
      c: 2,
    });
    // 0.1 * 3 is not 0.3: quotas that are whole count as whole.
    expect(counts(stratify(names.slice(0, 10), { a: 0.1, b: 0.2, c: 0.7 }, Rng.fromSeed(1)))).toEqual({
      a: 1,
      b: 2,
      c: 7,
    });
    expect(counts(stratify(names, { a: 1, none: 0 }, Rng.fromSeed(1)))).toEqual({ a: 20 });
    expect(stratify([], { a: 1 }, Rng.fromSeed(1)).size).toBe(0);
  });

  it('depends on the generator and the names, not on their order', () => {
    const shares = { erode: 1, dilate: 1 };
    const one = stratify(names, shares, Rng.fromSeed(5));
    const reversed = stratify(names.toReversed(), shares, Rng.fromSeed(5));
    for (const name of names) expect(reversed.get(name)).toBe(one.get(name));
    expect([...stratify(names, shares, Rng.fromSeed(6))]).not.toEqual([...one]);
  });

  it('refuses shares that are none and names that repeat', () => {
    for (const shares of [{}, { a: 0 }, { a: -1, b: 2 }, { a: Number.NaN }] as Record<string, number>[]) {
      expect(() => stratify(names, shares, Rng.fromSeed(1))).toThrow(/shares must be at least 0/);
    }
    expect(() => stratify(['a', 'a'], { a: 1 }, Rng.fromSeed(1))).toThrow(/unique/);
  });
});

describe('perturbLabels', () => {
  const cases = Array.from({ length: 20 }, (_, i) => ({ id: `case-${i}`, ...ball() }));
  const plan = {
    groups: [
      { fraction: 0.1, perturbation: { kind: 'erode', rounds: [1, 2] } },
      { fraction: 0.1, perturbation: { kind: 'dilate', rounds: 1 } },
      { fraction: 0.05, perturbation: { kind: 'wrongSide', axis: 1 } },
      { fraction: 0.05, perturbation: { kind: 'merge', from: [2], to: 1 }, name: 'merged' },
      { fraction: 0.05, perturbation: { kind: 'shift', shiftVoxels: [0, 2, 0] } },
      { fraction: 0.05, perturbation: { kind: 'dropSlices', count: 2, from: 'ends' } },
      { fraction: 0.05, perturbation: { kind: 'swap', labels: [1, 2] } },
      { fraction: 0.05, perturbation: { kind: 'jitter', standardDeviationVoxels: 1 } },
    ],
  } as const;

  it('does what the plan says to as many cases as it says, and records it', () => {
    const { labels, manifest } = perturbLabels(cases, plan, Rng.fromSeed(4));
    const counts: Record<string, number> = {};
    for (const { group } of manifest.cases) counts[group] = (counts[group] ?? 0) + 1;
    expect(counts).toEqual({
      clean: 10,
      erode: 2,
      dilate: 2,
      wrongSide: 1,
      merged: 1,
      shift: 1,
      dropSlices: 1,
      swap: 1,
      jitter: 1,
    });
    manifest.cases.forEach((record, i) => {
      expect(record.id).toBe(`case-${i}`);
      expect(record.foregroundAfter).toBe(foreground(labels[i]!));
      if (record.group === 'clean') {
        expect(labels[i]).toBe(cases[i]!.label);
        expect(record).toMatchObject({ applied: null, dice: 1 });
      } else {
        expect(record.dice).toBeLessThan(1);
        const { label } = cases[i]!;
        if (record.group === 'erode') {
          const { rounds } = record.applied as { rounds: number };
          expect([1, 2]).toContain(rounds);
          expect(labels[i]).toEqual(erodeLabels(label, cases[i]!.shape, { rounds }));
        }
        if (record.group === 'swap') expect(record.foregroundAfter).toBe(record.foregroundBefore);
      }
    });
    expect(JSON.parse(JSON.stringify(manifest))).toEqual(manifest);
  });

  it('depends on the generator and the ids, not on the order of the cases', () => {
    const first = perturbLabels(cases, plan, Rng.fromSeed(4)).manifest;
    const reversed = perturbLabels([...cases].reverse(), plan, Rng.fromState(first.rng)).manifest;
    expect([...reversed.cases].reverse()).toEqual(first.cases);
    expect(perturbLabels(cases, plan, Rng.fromSeed(5)).manifest.cases).not.toEqual(first.cases);
  });

  it('keeps a label that would vanish, and says so', () => {
    // Label 1 is a block of three by five voxels, label 2 a dot.
    const { label, shape } = slice('0000000', '0111112', '0111110', '0111110', '0000000');
    const spoil = (perturbation: Perturbation, given = label) => {
      const { labels, manifest } = perturbLabels(
        [{ id: 'a', label: given, shape }],
        { groups: [{ fraction: 1, perturbation, name: 'spoilt' }] },
        Rng.fromSeed(1),
      );
      return { rows: rows(labels[0]!, 7), same: labels[0] === given, record: manifest.cases[0]! };
    };
    // The dot touches the bar: erosion of the union takes the rim of both.
    const eroded = spoil({ kind: 'erode', rounds: 1 });
    expect(eroded.rows).toEqual(['0000000', '0000002', '0011100', '0000000', '0000000']);
    expect(eroded.record).toMatchObject({ group: 'spoilt', kept: [2], applied: { kind: 'erode', rounds: 1 } });
    expect(eroded.record).toMatchObject({ foregroundBefore: 16, foregroundAfter: 4, dice: (2 * 4) / 20 });
    // All of both would go: the second round takes what the first leaves of the bar, the first takes the dot.
    const gone = spoil({ kind: 'erode', rounds: 9 });
    expect(gone.rows).toEqual(eroded.rows);
    expect(gone.record).toMatchObject({ group: 'spoilt', kept: [1, 2], applied: { kind: 'erode', rounds: 9 } });
    // Shifted by 5 the bar still has its first column; the dot leaves at once, and takes its voxel back.
    const out = spoil({ kind: 'shift', shiftVoxels: [0, 0, 7] });
    expect(out.rows).toEqual(['0000000', '0000002', '0000001', '0000001', '0000000']);
    expect(out.record).toMatchObject({ group: 'spoilt', kept: [1, 2] });
    // There is one slice: it cannot go, the case is clean, and no copy is made.
    const whole = spoil({ kind: 'dropSlices', count: 1 });
    expect(whole).toMatchObject({ same: true, record: { group: 'clean', applied: null, kept: [1, 2], dice: 1 } });
    // The bar moves over the dot's place, which leaves the image: the dot stays.
    const shifted = spoil({ kind: 'shift', shiftVoxels: [0, 0, 1] });
    expect(shifted.rows[1]).toBe('0011112');
    expect(shifted.record).toMatchObject({ group: 'spoilt', kept: [2] });
    // What is merged is meant to go.
    const merged = spoil({ kind: 'merge', from: [2], to: 1 });
    expect(merged.record).toMatchObject({ group: 'spoilt', kept: [] });
    // So is what is swapped, where a case has one of the two.
    const bar = slice('0000000', '0111110', '0000000', '0000000', '0000000').label;
    const swapped = spoil({ kind: 'swap', labels: [1, 3] }, bar);
    expect(swapped.rows[1]).toBe('0333330');
    expect(swapped.record).toMatchObject({ group: 'spoilt', kept: [], dice: 0 });
    // Nothing is done to a case without the label.
    const without = spoil({ kind: 'erode', rounds: 1, labels: [2] }, bar);
    expect(without).toMatchObject({ same: true, record: { group: 'clean', applied: null, kept: [], dice: 1 } });
    // The dot coming back would push out the one voxel of label 3 that had moved to its place.
    const pair = slice('0000000', '0000032', '0000000', '0000000', '0000000').label;
    expect(spoil({ kind: 'shift', shiftVoxels: [0, 0, 1] }, pair).record).toMatchObject({
      group: 'clean',
      kept: [2, 3],
    });
  });

  it('changes the labels that were named, and keeps the voxels of the others', () => {
    const { label, shape } = slice('000000', '011022', '011022', '000000');
    const only = (perturbation: Perturbation) =>
      rows(applyPerturbation(label, shape, perturbation, Rng.fromSeed(1)).label, 6);
    expect(only({ kind: 'shift', shiftVoxels: [0, 0, 2], labels: [1] })[1]).toBe('000122');
    expect(only({ kind: 'wrongSide', labels: [2] })[1]).toBe('211000');
    expect(only({ kind: 'dropSlices', axis: 1, count: 1, from: 'start', labels: [2] })).toEqual([
      '000000',
      '011000',
      '011022',
      '000000',
    ]);
    expect(only({ kind: 'erode', rounds: 1, labels: [1] })[1]).toBe('000022');
    expect(only({ kind: 'dilate', rounds: 1, labels: [1] })[1]).toBe('111122');
    const jittered = only({ kind: 'jitter', standardDeviationVoxels: 1, labels: [1] });
    const where = (map: readonly string[], value: string) => [...map.join('')].map((v) => v === value);
    expect(where(jittered, '2')).toEqual(where(rows(label, 6), '2'));
    expect(where(jittered, '1')).not.toEqual(where(rows(label, 6), '1'));
    for (const labels of [[], [0], [1.5], [300]]) {
      expect(() => only({ kind: 'shift', shiftVoxels: [0, 0, 1], labels })).toThrow(/whole numbers from 1 to 255/);
      expect(() => only({ kind: 'erode', rounds: 1, labels })).toThrow(/whole numbers from 1 to 255/);
    }
  });

  it('keeps the last that is not empty, whatever takes labels away', () => {
    // A ball whose halves are labels 1 and 2, and a label 3 of one voxel.
    const { label: halves, shape } = ball();
    const label = halves.slice();
    label[0] = 3;
    const spoil = (perturbation: Perturbation, seed: number) => {
      const plan = { groups: [{ fraction: 1, perturbation }] };
      const { labels, manifest } = perturbLabels([{ id: 'a', label, shape }], plan, Rng.fromSeed(seed));
      return { label: labels[0]!, ...manifest.cases[0]! };
    };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 18 }), fc.integer({ min: 0, max: 99 }), (strength, seed) => {
        const shift: Triple = [0, strength % 2 === 0 ? strength : 0, -strength];
        for (const perturbation of [
          { kind: 'erode', rounds: [strength, strength + 2] },
          { kind: 'erode', rounds: strength, connectivity: 4 },
          { kind: 'erode', rounds: strength, labels: [2] },
          { kind: 'dropSlices', count: [1, strength], axis: strength % 3 },
          { kind: 'dropSlices', count: strength, from: 'ends', labels: [1] },
          { kind: 'shift', shiftVoxels: shift },
          { kind: 'jitter', standardDeviationVoxels: strength },
        ] satisfies Perturbation[]) {
          const found = spoil(perturbation, seed);
          expect([1, 2, 3].every((value) => found.label.includes(value))).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
    // A round more than what is left of a half leaves nothing; two rounds leave more than the last three.
    const sizeOf = (map: Uint8Array) => map.filter((v) => v === 2).length;
    const sizes = [0, 1, 2, 3, 4, 5, 6].map((rounds) => sizeOf(erodeLabels(label, shape, { rounds })));
    const last = sizes.findLastIndex((n) => n > 0);
    expect(last).toBeGreaterThan(1);
    const { kept, group, label: eroded } = spoil({ kind: 'erode', rounds: 18 }, 1);
    expect([kept, group]).toEqual([[1, 2, 3], 'erode']);
    expect(sizeOf(eroded)).toBe(sizes[last]);
    // Slices are left out until one is left.
    const cut = spoil({ kind: 'dropSlices', count: 13, axis: 0, from: 'start' }, 1);
    const slices = new Set([...cut.label.keys()].filter((i) => cut.label[i] === 1).map((i) => Math.floor(i / 169)));
    expect(slices.size).toBe(1);
  });

  it('erodes and dilates within slices where that is asked for', () => {
    // Two slices of a bar, between empty ones.
    const bar = ['00000', '01110', '01110', '01110', '00000'].join('');
    const label = Uint8Array.from(`${'0'.repeat(25)}${bar}${bar}${'0'.repeat(25)}`, Number);
    const shape: Triple = [4, 5, 5];
    const core = ['00000', '00000', '00100', '00000', '00000'];
    const none = Array(5).fill('00000');
    expect(rows(erodeLabels(label, shape, { connectivity: 4 }), 5)).toEqual([...none, ...core, ...core, ...none]);
    expect(foreground(erodeLabels(label, shape))).toBe(0);
    const grown = ['01110', '11111', '11111', '11111', '01110'];
    expect(rows(dilateLabels(label, shape, { connectivity: 4 }), 5)).toEqual([...none, ...grown, ...grown, ...none]);
    expect(foreground(dilateLabels(label, shape, { connectivity: 8 }))).toBe(50);
    // Along axis 2 slices are the planes of equal x: what is a column there has 2 x 3 voxels and goes.
    expect(foreground(erodeLabels(label, shape, { connectivity: 4, axis: 2 }))).toBe(0);
    expect(foreground(dilateLabels(label, shape, { connectivity: 4, axis: 2 }))).toBe(3 * (6 + 10));
    const { manifest } = perturbLabels(
      [{ id: 'a', label, shape }],
      { groups: [{ fraction: 1, perturbation: { kind: 'erode', rounds: [5, 18], connectivity: 4 } }] },
      Rng.fromSeed(1),
    );
    expect(manifest.cases[0]).toMatchObject({ group: 'erode', kept: [1], foregroundAfter: 2 });
    for (const options of [{ axis: 1 }, { connectivity: 4, axis: 3 }, { connectivity: 5 }]) {
      expect(() => erodeLabels(label, shape, options as object)).toThrow(/axis is the one|connectivity/);
    }
  });

  it('shares the cases of a group out among several perturbations, evenly', () => {
    const signs: Perturbation[] = [
      { kind: 'erode', rounds: [1, 2], connectivity: 4 },
      { kind: 'dilate', rounds: [1, 2], connectivity: 4 },
    ];
    const eroded = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      for (const [fraction, counts] of [
        [0.5, [5, 5]],
        [0.75, [8, 7]],
      ] as const) {
        const plan = { groups: [{ fraction, perturbation: signs }] };
        const { manifest } = perturbLabels(cases, plan, Rng.fromSeed(seed));
        const number = (kind: string) => manifest.cases.filter(({ group }) => group === kind).length;
        expect([number('erode'), number('dilate')]).toEqual(counts);
        for (const { id, group } of manifest.cases) if (group === 'erode') eroded.add(id);
        expect(perturbLabels([...cases].reverse(), plan, Rng.fromSeed(seed)).manifest.cases.toReversed()).toEqual(
          manifest.cases,
        );
      }
    }
    expect(eroded.size).toBe(20);
    expect(() => perturbLabels(cases, { groups: [{ fraction: 1, perturbation: [] }] }, Rng.fromSeed(1))).toThrow(
      /needs a perturbation/,
    );
  });

  it('leaves the given labels alone', () => {
    const before = cases.map(({ label }) => label.slice());
    perturbLabels(cases, plan, Rng.fromSeed(1));
    expect(cases.map(({ label }) => label)).toEqual(before);
  });

  it('refuses impossible plans and unknown kinds', () => {
    const half = { fraction: 0.6, perturbation: { kind: 'erode', rounds: 1 } } as const;
    expect(() => perturbLabels(cases, { groups: [half, half] }, Rng.fromSeed(1))).toThrow(/not exceed 1/);
    expect(() => perturbLabels([cases[0]!, cases[0]!], { groups: [] }, Rng.fromSeed(1))).toThrow(/unique/);
    const unknown = { kind: 'erod', rounds: 1 } as unknown as Perturbation;
    expect(() => applyPerturbation(cases[0]!.label, cases[0]!.shape, unknown, Rng.fromSeed(1))).toThrow(
      /Did you mean "erode"/,
    );
    const backwards = { kind: 'erode', rounds: [3, 1] } as const;
    expect(() => applyPerturbation(cases[0]!.label, cases[0]!.shape, backwards, Rng.fromSeed(1))).toThrow(/in order/);
    expect(() => erodeLabels(new Uint8Array(3), [2, 2, 2])).toThrow(/does not fill/);
    expect(() => erodeLabels(new Uint8Array(8), [2, 2, 2], { rounds: -1 })).toThrow(/rounds/);
  });
});
