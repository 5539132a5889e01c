import type { Points } from '../map/scores.ts';
import { distanceToMedian, latentIsolation, latentNorm, outlierLimit } from '../map/scores.ts';

/** One line of the ranking; all scores: higher is more suspect. */
export interface RankedCase {
  readonly case: string;
  readonly norm: number;
  readonly isolation: number;
  readonly distance_to_median: number;
  /** 1 - Dice with a network that has not seen the case; NaN where it was not computed. */
  readonly out_of_fold_dice_error: number;
  /** |ln(volume / median volume)|. */
  readonly volume_only: number;
  readonly cluster: number;
  /** 1 - Dice that the quality regressor expects; NaN where it was not computed. */
  readonly quality_sentinel: number;
  /** 1 - Dice of the label and the segmentation in the dominant style. */
  readonly dominant_style_dice_error: number;
  /**
   * Mean of the dominant style's and the out-of-fold Dice error; the former alone where the networks of the latter were
   * trained too briefly. 1 for labels of which nothing is on the working grid; for empty ones, if those are rare.
   */
  readonly label_disagreement: number;
  readonly volume_ml: number;
  /** Stands out from the other cases by this score, by the dominant style's Dice error or by the distance to the median. */
  readonly flagged: boolean;
}

export interface CaseScores {
  readonly ids: readonly string[];
  readonly latents: Points;
  readonly clusters: readonly number[];
  readonly volumesMl: readonly number[];
  readonly volumeOnly: readonly number[];
  /** Empty where it was not computed. */
  readonly outOfFold: readonly number[];
  readonly sentinel: readonly number[];
  readonly dominant: readonly number[];
  /** Passes over its cases that every out-of-fold network was trained for. */
  readonly foldEpochs: number;
  /** Whether nothing of the label is on the working grid: an empty label, or one that was lost. */
  readonly unseen: readonly boolean[];
}

/**
 * The score that the ranking is sorted by. Latents tell labels of another style (too small, too large) best, but have no
 * place for single labels that are shifted or frayed; a segmentation in the dominant style disagrees with all of them,
 * and one by a network that has not seen the case cannot have learnt its mistakes.
 */
export const recommendedScore = 'label_disagreement' as const;

/** Networks that were trained for fewer passes over their cases disagree with right labels too. */
export const LEAST_FOLD_EPOCHS = 5;

/** Where as many labels are empty, an empty label is nothing to look at. */
const MANY_EMPTY = 0.25;

/** Whether `label_disagreement` means both Dice errors. */
export const meansBothErrors = ({ outOfFold, foldEpochs }: Pick<CaseScores, 'outOfFold' | 'foldEpochs'>): boolean =>
  outOfFold.length > 0 && foldEpochs >= LEAST_FOLD_EPOCHS;

/** All scores of all cases, most suspect first. */
export function rankCases(scores: CaseScores): RankedCase[] {
  const norm = latentNorm(scores.latents);
  const isolation = latentIsolation(scores.latents);
  const distance = distanceToMedian(scores.latents);
  const { dominant, outOfFold, unseen } = scores;
  const both = meansBothErrors(scores);
  const isEmpty = (volume: number) => volume === 0;
  const emptyIsOdd = scores.volumesMl.filter(isEmpty).length < MANY_EMPTY * unseen.length;
  const isOdd = unseen.map((nothing, i) => nothing && (emptyIsOdd || !isEmpty(scores.volumesMl[i]!)));
  const disagreement = dominant.map((error, i) => {
    // A network that sees nothing there either would agree with it.
    if (isOdd[i] === true) return 1;
    return both ? (error + outOfFold[i]!) / 2 : error;
  });
  const telling = [disagreement, dominant, distance].map((values) => ({ values, limit: outlierLimit(values) }));
  return scores.ids
    .map(
      (id, i): RankedCase => ({
        case: id,
        norm: norm[i]!,
        isolation: isolation[i]!,
        distance_to_median: distance[i]!,
        out_of_fold_dice_error: outOfFold[i] ?? Number.NaN,
        volume_only: scores.volumeOnly[i]!,
        cluster: scores.clusters[i]!,
        quality_sentinel: scores.sentinel[i] ?? Number.NaN,
        dominant_style_dice_error: dominant[i]!,
        label_disagreement: disagreement[i]!,
        volume_ml: scores.volumesMl[i]!,
        flagged: isOdd[i] === true || telling.some(({ values, limit }) => values[i]! > limit),
      }),
    )
    .sort((a, b) => b[recommendedScore] - a[recommendedScore] || (a.case < b.case ? -1 : 1));
}

/** The ranking as CSV (RFC 4180); NaN is an empty field, infinity is `inf`. */
export function rankingCsv(rows: readonly RankedCase[]): string {
  const names = Object.keys(rows[0] ?? {}) as (keyof RankedCase)[];
  const field = (value: string | number | boolean) => {
    if (value === Number.POSITIVE_INFINITY) return 'inf';
    if (typeof value === 'number') return Number.isFinite(value) ? String(Number(value.toPrecision(8))) : '';
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${[names.join(','), ...rows.map((row) => names.map((n) => field(row[n])).join(','))].join('\n')}\n`;
}
