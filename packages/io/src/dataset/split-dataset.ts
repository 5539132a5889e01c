import { Rng, SegError } from '@seg/core';
import type { Dataset, DatasetCase } from './dataset-types.ts';

/** The cases of a data set by use; no patient is in two of `train`, `validation` and `test`. */
export interface DatasetSplit {
  readonly train: readonly DatasetCase[];
  readonly validation: readonly DatasetCase[];
  /** Cases that the data set reserves for testing, annotated or not. */
  readonly test: readonly DatasetCase[];
  /** Further cases without annotation. */
  readonly unlabelled: readonly DatasetCase[];
}

export interface SplitOptions {
  /** Share of the patients that is kept for validation, in (0, 1). Default 0.2. */
  readonly validationFraction?: number;
  /** Default 0. */
  readonly seed?: number;
  /** `true` (default): where the data set itself names validation cases, those are used. */
  readonly useDeclared?: boolean;
}

/**
 * Divides the annotated cases into training and validation by patient: deterministic in the seed and independent of
 * the order of the cases.
 *
 * @throws SegError `invalid-argument` where fewer than two patients are annotated.
 */
export function splitDataset(dataset: Pick<Dataset, 'cases'>, options: SplitOptions = {}): DatasetSplit {
  const { validationFraction = 0.2, seed = 0, useDeclared = true } = options;
  if (!(validationFraction > 0 && validationFraction < 1)) {
    throw new SegError('invalid-argument', {
      where: 'splitDataset',
      problem: 'validationFraction must lie between 0 and 1',
      got: validationFraction,
    });
  }
  const rest = setAside(dataset);
  if (useDeclared && rest.labelled.some(({ split }) => split === 'validation')) {
    return divide(rest, (c) => c.split === 'validation');
  }
  const patients = shuffledPatients('splitDataset', rest.labelled, seed);
  const count = Math.min(patients.length - 1, Math.max(1, Math.round(validationFraction * patients.length)));
  const validation = new Set(patients.slice(0, count));
  return divide(rest, (c) => validation.has(c.patient));
}

/**
 * The splits of a k-fold cross-validation by patient: each annotated case is in the validation part of exactly one.
 *
 * @param options.folds default 5; at most the number of annotated patients.
 * @param options.seed default 0.
 */
export function crossValidationSplits(
  dataset: Pick<Dataset, 'cases'>,
  options: { readonly folds?: number; readonly seed?: number } = {},
): readonly DatasetSplit[] {
  const { folds = 5, seed = 0 } = options;
  const rest = setAside(dataset);
  const patients = shuffledPatients('crossValidationSplits', rest.labelled, seed);
  if (!Number.isInteger(folds) || folds < 2 || folds > patients.length) {
    throw new SegError('invalid-argument', {
      where: 'crossValidationSplits',
      problem: 'folds must be an integer from 2 to the number of annotated patients',
      got: folds,
      expected: `2 to ${patients.length}`,
    });
  }
  const foldOf = new Map(patients.map((patient, i) => [patient, i % folds]));
  return Array.from({ length: folds }, (_, fold) => divide(rest, (c) => foldOf.get(c.patient) === fold));
}

interface SetAside {
  readonly labelled: readonly DatasetCase[];
  readonly test: readonly DatasetCase[];
  readonly unlabelled: readonly DatasetCase[];
}

function setAside({ cases }: Pick<Dataset, 'cases'>): SetAside {
  const test = cases.filter(({ split }) => split === 'test');
  const others = cases.filter(({ split }) => split !== 'test');
  const annotated = (c: DatasetCase) => c.labelPaths.length > 0;
  return { labelled: others.filter(annotated), test, unlabelled: others.filter((c) => !annotated(c)) };
}

function shuffledPatients(where: string, cases: readonly DatasetCase[], seed: number): readonly string[] {
  const patients = [...new Set(cases.map(({ patient }) => patient))].sort();
  if (patients.length < 2) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'annotated cases of at least two patients are needed',
      got: `${cases.length} annotated case(s) of ${patients.length} patient(s)`,
      hint: 'Add cases, or declare the split in the manifest.',
    });
  }
  return Rng.fromSeed(seed).fork('split').shuffle(patients);
}

function divide(rest: SetAside, isValidation: (c: DatasetCase) => boolean): DatasetSplit {
  return {
    train: rest.labelled.filter((c) => !isValidation(c)),
    validation: rest.labelled.filter(isValidation),
    test: rest.test,
    unlabelled: rest.unlabelled,
  };
}
