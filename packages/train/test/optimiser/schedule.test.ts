import { scheduleFactor } from '@seg/train';
import { describe, expect, it } from 'vitest';

describe('scheduleFactor', () => {
  it("gives nnU-Net's poly learning rates", () => {
    const rate = (epoch: number) => 0.01 * scheduleFactor({ kind: 'poly' }, epoch / 1000);
    expect(rate(0)).toBe(0.01);
    expect(rate(1)).toBeCloseTo(0.009991, 6);
    expect(rate(500)).toBeCloseTo(0.005359, 6);
    expect(rate(999)).toBeCloseTo(2.0e-5, 6);
  });

  it('divides by ten at each step of PINT', () => {
    const schedule = { kind: 'step', at: [2500 / 6000, 5000 / 6000] } as const;
    expect([0, 2499, 2500, 4999, 5000, 5999].map((t) => scheduleFactor(schedule, t / 6000))).toEqual([
      1,
      1,
      0.1,
      0.1,
      0.1 ** 2,
      0.1 ** 2,
    ]);
  });

  it('warms up, falls along a cosine, and moves linearly', () => {
    expect(scheduleFactor({ kind: 'constant', warmUp: 0.1 }, 0.05)).toBeCloseTo(0.5, 12);
    expect(scheduleFactor({ kind: 'constant', warmUp: 0.1 }, 0.1)).toBe(1);
    expect(scheduleFactor({ kind: 'cosine' }, 0.5)).toBeCloseTo(0.5, 12);
    expect(scheduleFactor({ kind: 'cosine', floor: 0.2 }, 1)).toBeCloseTo(0.2, 12);
    expect(scheduleFactor({ kind: 'linear', from: 0.1, to: 1 }, 0.5)).toBeCloseTo(0.55, 12);
  });
});
