import { describe, expect, it } from 'vitest';
import { kendall, pairedTTest, signTest, spearman, wilcoxonTest } from '../../src/index.ts';
import { quantile } from '../../src/numeric/quantile.ts';
import { incompleteBeta, logGamma, normalUpperTail, studentUpperTail } from '../../src/statistics/special.ts';
import { readGolden } from '../golden.ts';
import { agrees } from '../helpers.ts';

const ALTERNATIVES = ['two-sided', 'greater', 'less'] as const;

interface Tests {
  readonly t: number;
  readonly tP: number;
  readonly wilcoxonP: number;
  readonly signP: number;
}

interface PairedCase extends Readonly<Record<(typeof ALTERNATIVES)[number], Tests>> {
  readonly name: string;
  readonly a: number[];
  readonly b: number[];
  readonly spearman: { coefficient: number; pValue: number };
  readonly kendall: number;
}

const golden = readGolden<{
  paired: PairedCase[];
  special: {
    beta: { x: number; a: number; b: number; value: number }[];
    normal: { z: number; value: number }[];
    student: { t: number; df: number; value: number }[];
    gamma: { x: number; value: number }[];
  };
  quantiles: { values: number[]; q: number[]; expected: number[] }[];
}>('statistics.json');

/** The Lanczos approximation and long continued fractions keep at least this many digits. */
const DIGITS = 1e-11;

function near(got: number, want: number, tolerance = DIGITS): void {
  expect(got, `${got} is not ${want}`).toSatisfy((value: number) => agrees(value, want, tolerance));
}

function nearRelative(got: number, want: number): void {
  expect(got, `${got} is not ${want}`).toSatisfy((value: number) => Math.abs(value - want) <= DIGITS * Math.abs(want));
}

describe.each(golden.paired)('paired tests like SciPy: $name', (sample) => {
  it.each(ALTERNATIVES)('%s', (alternative) => {
    const expected = sample[alternative];
    const t = pairedTTest(sample.a, sample.b, { alternative });
    near(t.statistic, expected.t);
    near(t.pValue, expected.tP);
    near(wilcoxonTest(sample.a, sample.b, { alternative }).pValue, expected.wilcoxonP);
    near(signTest(sample.a, sample.b, { alternative }).pValue, expected.signP);
  });

  it('rank correlations', () => {
    const rho = spearman(sample.a, sample.b);
    near(rho.coefficient, sample.spearman.coefficient);
    near(rho.pValue, sample.spearman.pValue);
    near(kendall(sample.a, sample.b).coefficient, sample.kendall);
  });
});

describe('special functions like SciPy', () => {
  it('incomplete beta', () => {
    for (const { x, a, b, value } of golden.special.beta) near(incompleteBeta(x, a, b), value);
  });

  it('tails keep their relative precision', () => {
    for (const { z, value } of golden.special.normal) nearRelative(normalUpperTail(z), value);
    for (const { t, df, value } of golden.special.student) nearRelative(studentUpperTail(t, df), value);
  });

  it('ln Gamma', () => {
    for (const { x, value } of golden.special.gamma) near(logGamma(x), value);
  });

  it('quantiles interpolate as NumPy', () => {
    for (const { values, q, expected } of golden.quantiles) {
      q.forEach((share, i) => {
        near(quantile(Float64Array.from(values), share), expected[i]!);
      });
    }
  });

  it('NaN goes in and out without an endless loop', () => {
    for (const value of [
      incompleteBeta(Number.NaN, 1, 2),
      studentUpperTail(Number.NaN, 3),
      normalUpperTail(Number.NaN),
      logGamma(Number.NaN),
    ]) {
      expect(value).toBeNaN();
    }
  });
});
