/** The numbers of one validation; null where a number is undefined, because there was nothing to score. */
export interface ValidationMetrics {
  readonly [name: string]: number | null;
  /** Higher is better; chooses the best checkpoint. */
  readonly score: number | null;
}

/** The validation whose weights are kept as best. */
export interface BestValidation {
  readonly step: number;
  /** Null while no validation had a defined score. */
  readonly score: number | null;
}

/**
 * Whether the weights of a validation replace those that count as best: an undefined score never replaces a defined one,
 * a defined one always replaces an undefined one, and of two defined ones the higher is better. While nothing is
 * defined, the last weights count as best.
 */
export function isBest(score: number | null, best: BestValidation | null): boolean {
  if (best === null || best.score === null) return true;
  return score !== null && score > best.score;
}

/** The numbers with null in the place of NaN and infinity, which JSON cannot say. */
export function definedMetrics(metrics: ValidationMetrics): ValidationMetrics {
  const entries = Object.entries(metrics).map(([name, value]) => [name, Number.isFinite(value) ? value : null]);
  return Object.fromEntries(entries) as unknown as ValidationMetrics;
}
