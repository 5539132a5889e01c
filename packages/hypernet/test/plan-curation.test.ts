import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { describeBackends } from '../../../tools/describe-backends.ts';
import { planCuration } from '../src/index.ts';

// Labels of 40 mm in scans of 48 mm with voxels of 1 mm.
const extent = { imageMm: [48, 48, 48], labelMm: [40, 40, 40], spacingMm: [1, 1, 1] } as const;
const request = { cases: 10, channels: 1 };
// A plan adds 30 % and 4 ms to the time of a step.
const planned = (milliseconds: number) => (1.3 * milliseconds) / 1000 + 0.004;

/** A clock that goes on by as much as a step takes whenever it is asked after one; counts its readings. */
function steppingClock(milliseconds: number) {
  const clock = { readings: 0, read: () => 0 };
  clock.read = () => {
    clock.readings++;
    return Math.floor(clock.readings / 2) * milliseconds;
  };
  return clock;
}

describeBackends('planCuration', () => {
  it('chooses the coarsest grid, with fewer epochs, on a device that is too slow for any, and times no other', async () => {
    const clock = steppingClock(2000);
    const before = tf.memory().numTensors;
    const plan = await planCuration([extent], { ...request, seconds: 100, clock: clock.read });
    expect(plan.grid.shape.reduce((a, b) => a * b)).toBeLessThanOrEqual(4000);
    expect(plan).toMatchObject({ baseFeatures: 4, levels: 1 });
    expect(plan.secondsPerStep).toBeCloseTo(planned(2000), 9);
    expect(plan.epochs).toBe(Math.floor(100 / planned(2000) / 10));
    // Three steps, a reading before and after each.
    expect(clock.readings).toBe(6);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps the last grid that fits', async () => {
    // The second size is ten times as slow as the first.
    let readings = 0;
    let now = 0;
    const clock = () => {
      if (readings++ % 2 === 1) now += readings <= 6 ? 100 : 1000;
      return now;
    };
    const seconds = 16 * 10 * planned(100) + 1;
    const plan = await planCuration([extent], { ...request, seconds, clock });
    expect(plan).toMatchObject({ baseFeatures: 4, levels: 1 });
    expect(plan.epochs).toBe(Math.floor(seconds / planned(100) / 10));
    expect(readings).toBe(12);
  });

  it('times no grid and network twice when scans are small', async () => {
    const clock = steppingClock(1);
    const small = { imageMm: [12, 12, 12], labelMm: [8, 8, 8], spacingMm: [1, 1, 1] } as const;
    const plan = await planCuration([small], { ...request, seconds: 1000, clock: clock.read });
    expect(plan.grid.shape).toEqual([16, 16, 16]);
    expect(plan).toMatchObject({ baseFeatures: 8, levels: 3, epochs: 30 });
    // Of eight sizes four differ: 4 and 6 channels with one downsampling, 8 with two and with three.
    expect(clock.readings).toBe(4 * 6);
  });

  it('says what is wrong when no case has a label', async () => {
    const empty = { imageMm: extent.imageMm, spacingMm: extent.spacingMm };
    await expect(planCuration([empty], { ...request, seconds: 10, clock: () => 0 })).rejects.toThrow(
      /planWorkingGrid: no case has a voxel of the label/,
    );
  });
});
