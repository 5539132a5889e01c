import type { MapCase } from '@seg/hypernet';
import { dice } from '@seg/metrics';

export function sum(v: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < v.length; i++) total += v[i]!;
  return total;
}

export function mean(v: readonly number[]): number {
  return sum(v) / v.length;
}

/** Of a sample: over n - 1. */
export function deviation(v: readonly number[]): number {
  const middle = mean(v);
  return Math.sqrt(v.reduce((total, x) => total + (x - middle) ** 2, 0) / (v.length - 1));
}

export function mapValues<T, U>(values: Readonly<Record<string, T>>, of: (v: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([name, v]) => [name, of(v)]));
}

/** Dice, and predicted over true volume, of every test case. */
export async function onTests(tests: readonly MapCase[], segment: (c: MapCase) => Promise<Uint8Array>) {
  const results: { dice: number; ratio: number }[] = [];
  for (const c of tests) {
    const mask = await segment(c);
    results.push({ dice: dice(mask, c.label, { empty: 1 }), ratio: sum(mask) / sum(c.label) });
  }
  return results;
}

/**
 * Times named pieces of work, in seconds: the smaller of wall-clock and processor time, so that a machine that pauses the
 * process or does other work adds little.
 */
export function stopwatch(title: string) {
  const seconds: Record<string, number> = {};
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const from = { wall: performance.now(), processor: process.cpuUsage() };
    const result = await work();
    const wall = (performance.now() - from.wall) / 1000;
    const { user, system } = process.cpuUsage(from.processor);
    seconds[name] = Math.round(10 * Math.min(wall, (user + system) / 1e6)) / 10;
    console.error(`${title}: ${name} ${seconds[name]} s`);
    return result;
  };
  return { seconds, timed };
}
