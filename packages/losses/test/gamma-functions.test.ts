import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { digamma, logGamma } from '../src/t-loss/gamma-functions.ts';

interface Point {
  readonly x: number;
  readonly logGamma: number;
  readonly digamma: number;
}
const golden = JSON.parse(readFileSync(new URL('../fixtures/golden_losses.json', import.meta.url), 'utf8')) as {
  readonly gamma: readonly Point[];
};

it.each(golden.gamma)('logGamma and digamma of $x equal SciPy', ({ x, ...expected }) => {
  const tolerance = 1e-12; // relative, float64
  expect(Math.abs(logGamma(x) - expected.logGamma)).toBeLessThan(tolerance * Math.max(1, Math.abs(expected.logGamma)));
  expect(Math.abs(digamma(x) - expected.digamma)).toBeLessThan(tolerance * Math.max(1, Math.abs(expected.digamma)));
});
