import { builtInMethods, type JsonValue, methodOption, readMethodOptions, type TrainingPlan } from '@seg/train';
import { describe, expect, it } from 'vitest';

const known = {
  rate: methodOption.positive,
  weight: methodOption.atLeastZero,
  steps: methodOption.count,
  widths: methodOption.numbers,
  cases: methodOption.numbersByName,
  kind: methodOption.oneOf('l1', 'l2'),
  schedule: methodOption.schedule,
  inner: { fields: { size: methodOption.count } },
};
const read = (options: JsonValue) => readMethodOptions<Record<keyof typeof known, unknown>>('m', options, known);

describe('readMethodOptions', () => {
  it('gives back what fits, and nothing for null', () => {
    const options = {
      rate: 0.1,
      weight: 0,
      steps: 3,
      widths: [1, 2.5],
      cases: { a: [1], b: [] },
      kind: 'l2',
      schedule: { kind: 'step', at: [0.5], warmUp: 0.1 },
      inner: { size: 2 },
    };
    expect(read(options)).toEqual(options);
    expect(read(null)).toEqual({});
    for (const kind of ['constant', 'poly', 'cosine']) expect(read({ schedule: { kind } })).toBeDefined();
    expect(read({ schedule: { kind: 'linear', from: 1, to: 0 } })).toBeDefined();
  });

  it('refuses other names, with those that are known', () => {
    expect(() => read({ rates: 1 })).toThrow(
      /method m: unknown name in methodOptions \(got rates, expected rate \| weight \| .*inner\)\. Did you mean "rate"/,
    );
    expect(() => read({ inner: { sise: 1 } })).toThrow(/methodOptions\.inner \(got sise, expected size\)/);
    expect(() => read({ constructor: 1 })).toThrow(/unknown name/);
  });

  it.each<[string, JsonValue, string]>([
    ['rate', 0, 'a number above 0'],
    ['rate', '0.1', 'a number above 0'],
    ['weight', -1, 'at least 0'],
    ['steps', 1.5, 'a whole number'],
    ['widths', 3, 'a list of numbers'],
    ['widths', [1, 'a'], 'a list of numbers'],
    ['cases', [[1]], 'an object of lists'],
    ['kind', 'l3', 'l1 | l2'],
    ['schedule', 'cosine', 'a schedule'],
    ['schedule', { kind: 'cosin' }, 'a schedule'],
    ['schedule', { kind: 'cosine', flor: 1 }, 'a schedule'],
    ['schedule', { kind: 'linear', from: 1 }, 'a schedule'],
    ['schedule', { kind: 'poly', warmUp: 2 }, 'a schedule'],
  ])('refuses %s = %j', (name, value, expected) => {
    expect(() => read({ [name]: value })).toThrow(`methodOptions.${name} cannot be that`);
    expect(() => read({ [name]: value })).toThrow(expected);
  });

  it('refuses what is no object', () => {
    expect(() => read([1])).toThrow(/methodOptions must be an object \(got \[1\], expected some of rate, weight/);
    expect(() => read({ inner: 3 })).toThrow(/methodOptions\.inner must be an object/);
  });
});

describe('supervised', () => {
  const plan = { network: { classes: 2, features: [4] }, batchSize: 1, optimiser: { kind: 'adam' }, clipNorm: 1 };
  const make = (options: JsonValue) => builtInMethods.supervised!({ plan: plan as unknown as TrainingPlan, options });

  it('takes outputWeights alone', () => {
    expect(make(null).name).toBe('supervised');
    expect(make({ outputWeights: [1] }).name).toBe('supervised');
    expect(() => make({ batchSize: 2 })).toThrow(/method supervised: .*got batchSize, expected outputWeights/);
    expect(() => make({ outputWeights: 1 })).toThrow(/a list of numbers/);
  });
});
