import type { AugmentationConfig } from '@seg/augment';
import type { Triple } from '@seg/core';
import type { OptimiserConfig } from '../optimiser/optimiser-config.ts';
import type { Schedule } from '../optimiser/schedule.ts';
import type { Preprocessing } from '../preprocess/preprocessing.ts';
import type { PlannedNetwork } from './network-kinds.ts';

/** Everything that is decided before a training, as plain JSON: the contract between planning, training, prediction. */
export interface TrainingPlan {
  readonly preprocessing: Preprocessing;
  /** (z, y, x). */
  readonly patchSize: Triple;
  /** Kind and configuration of the network; `networkKind(kind).create` makes it. */
  readonly network: PlannedNetwork;
  readonly batchSize: number;
  /** Part of each batch that is centred on foreground. */
  readonly foregroundFraction: number;
  readonly augmentation: AugmentationConfig;
  readonly optimiser: OptimiserConfig;
  readonly schedule: Schedule;
  readonly clipNorm: number;
  /** Decay of the averaged weights that are validated and used for predictions; null: the weights themselves. */
  readonly ema: number | null;
  /** Axes (0 = z) mirrored when predicting. */
  readonly mirrorAxes: readonly number[];
  /** Part of a window that the next repeats when predicting. */
  readonly overlap: number;
}
