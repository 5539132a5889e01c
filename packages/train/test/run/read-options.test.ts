import {
  builtInMethods,
  createMethod,
  describeOptions,
  type JsonValue,
  option,
  readOptions,
  type TrainingPlan,
} from '@seg/train';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';

const known = v.strictObject({
  rate: option.positive('The rate.'),
  weight: option.atLeastZero('The weight.'),
  steps: option.count('Steps.'),
  widths: option.numbers('Widths.'),
  cases: option.numbersByName('By case.'),
  kind: option.oneOf(['l1', 'l2'], 'Which norm.'),
  schedule: option.schedule('How the rate changes.'),
  inner: option.group({ size: option.count('How large.') }),
});
const read = (options: JsonValue) => readOptions('method m', 'methodOptions', options, known);

describe('readOptions', () => {
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

describe('describeOptions', () => {
  it('lists options with what they take, those of groups by their full names', () => {
    const described = describeOptions(known);
    expect(described.map(({ name }) => name)).toEqual([
      ...['rate', 'weight', 'steps', 'widths', 'cases', 'kind', 'schedule', 'inner.size'],
    ]);
    expect(described[0]).toEqual({ name: 'rate', expected: 'a number above 0', description: 'The rate.' });
    expect(described[5]!.expected).toBe('l1 | l2');
    expect(described[7]).toMatchObject({ expected: 'a whole number of at least 0', description: 'How large.' });
  });
});

describe('supervised', () => {
  const network = { kind: 'unet3d', inputChannels: 1, classes: 2, features: [4] };
  const plan = { network, batchSize: 1, optimiser: { kind: 'adam' }, clipNorm: 1 } as unknown as TrainingPlan;
  const make = (options: JsonValue) => createMethod('supervised', { plan, options });

  it('takes outputWeights alone', async () => {
    expect(builtInMethods.map(({ name }) => name)).toEqual(['supervised']);
    expect((await make(null)).name).toBe('supervised');
    expect((await make({ outputWeights: [1] })).name).toBe('supervised');
    await expect(make({ batchSize: 2 })).rejects.toThrow(/method supervised: .*got batchSize, expected outputWeights/);
    await expect(make({ outputWeights: 1 })).rejects.toThrow(/a list of numbers/);
  });
});
