import { describe, expect, it } from 'vitest';
import { rankPictures } from '../../src/tasks/rank-pictures.ts';

const cases = (...dice: number[]) => dice.map((value, i) => ({ id: 'abcdefgh'[i]!, dice: value }));
const ranks = (...dice: number[]) => rankPictures(cases(...dice)).map(({ id, rank }) => `${rank ?? '-'} ${id}`);

describe('rankPictures', () => {
  it('shows best, median and worst of three or more', () => {
    expect(ranks(0.5, 0.9, 0.7)).toEqual(['best b', 'median c', 'worst a']);
    expect(ranks(0.1, 0.2, 0.3, 0.4, 0.5)).toEqual(['best e', 'median c', 'worst a']);
  });

  it('has no median of two', () => {
    expect(ranks(0.5, 0.9)).toEqual(['best b', 'worst a']);
    expect(ranks(0, 1)).toEqual(['best b', 'worst a']);
  });

  it('ranks nothing where there is one case, or all are equal', () => {
    expect(ranks(0.5)).toEqual(['- a']);
    expect(ranks(0.8, 0.8)).toEqual(['- a']);
    expect(ranks(0, 0, 0)).toEqual(['- a']);
  });

  it('ranks those with a score alone; without any, a case is still shown', () => {
    expect(ranks(Number.NaN, 0.2, Number.NaN, 0.9)).toEqual(['best d', 'worst b']);
    expect(ranks(Number.NaN, 0.2)).toEqual(['- b']);
    expect(ranks(Number.NaN, Number.NaN)).toEqual(['- a']);
    expect(ranks()).toEqual([]);
  });

  it('calls no case two things', () => {
    for (const dice of [
      [0.5, 0.5, 0.9],
      [0.5, 0.9, 0.9],
      [0.1, 0.9, 0.9, 0.9],
      [0.3, 0.3, 0.3, 0.4],
    ]) {
      const ids = rankPictures(cases(...dice)).map(({ id }) => id);
      expect(new Set(ids).size).toBe(3);
    }
  });
});
