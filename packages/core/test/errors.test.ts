import { describe, expect, it } from 'vitest';
import { checkOption, isSegError, nearestName, SegError } from '../src/index.ts';

describe('SegError', () => {
  it('builds its message from its parts and keeps them', () => {
    const cause = new Error('inner');
    const error = new SegError('shape-mismatch', {
      where: 'diceLoss',
      problem: 'logits and target differ in shape',
      got: [1, 8, 2],
      expected: [1, 8, 3],
      hint: 'One-hot encode the target.',
      cause,
    });
    expect(error.message).toBe(
      'diceLoss: logits and target differ in shape (got [1,8,2], expected [1,8,3]). One-hot encode the target.',
    );
    expect(error.code).toBe('shape-mismatch');
    expect(error.cause).toBe(cause);
    expect(error).toBeInstanceOf(Error);
  });

  it('shows values that JSON cannot', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const message = (got: unknown) => new SegError('internal', { where: 'f', problem: 'p', got }).message;
    expect(message(10n)).toContain('10n');
    expect(message(Number.NaN)).toContain('NaN');
    expect(message(circular)).toContain('[object Object]');
  });

  it('is recognised by name and code, also from another copy of the package', () => {
    const foreign = Object.assign(new Error('x'), { name: 'SegError', code: 'not-found' });
    expect(isSegError(foreign)).toBe(true);
    expect(isSegError(foreign, 'not-found')).toBe(true);
    expect(isSegError(foreign, 'aborted')).toBe(false);
    expect(isSegError(new Error('x'))).toBe(false);
    expect(isSegError('SegError')).toBe(false);
  });
});

describe('checkOption', () => {
  it('passes a known value and suggests the nearest for an unknown one', () => {
    expect(checkOption('f', 'norm', 'group', ['instance', 'group'])).toBe('group');
    expect(() => checkOption('f', 'norm', 'instnace', ['instance', 'group'])).toThrow(/Did you mean "instance"\?/);
    expect(() => checkOption('f', 'norm', 7, ['instance', 'group'])).toThrow(/got 7, expected instance \| group/);
  });

  it('does not suggest what is far away', () => {
    expect(nearestName('zzzzzz', ['instance', 'group'])).toBeUndefined();
    expect(nearestName('Groop', ['instance', 'group'])).toBe('group');
  });
});
