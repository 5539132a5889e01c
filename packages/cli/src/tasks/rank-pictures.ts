/** A case to show, and what it stands for. */
export interface RankedCase {
  readonly id: string;
  readonly rank?: 'best' | 'median' | 'worst';
}

/**
 * Which cases a report shows, by mean Dice: the best, the median and the worst of three or more, the best and the worst
 * of two, and one without a rank where there is nothing to rank: a single case, equal scores, or no score at all.
 *
 * @param cases with the mean Dice of the case, NaN where none is defined; of equal ones the first counts as better.
 */
export function rankPictures(cases: readonly { readonly id: string; readonly dice: number }[]): RankedCase[] {
  const scored = cases.filter(({ dice }) => !Number.isNaN(dice)).sort((a, b) => b.dice - a.dice);
  const [best, worst] = [scored[0], scored.at(-1)];
  if (best === undefined || worst === undefined) return cases.slice(0, 1).map(({ id }) => ({ id }));
  if (best.dice === worst.dice) return [{ id: best.id }];
  const median = scored[scored.length >> 1]!;
  return [
    { id: best.id, rank: 'best' },
    ...(scored.length < 3 ? [] : [{ id: median.id, rank: 'median' as const }]),
    { id: worst.id, rank: 'worst' },
  ];
}
