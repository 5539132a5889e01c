export {
  CohortEvaluation,
  type CohortMeasure,
  type CohortOptions,
  type CohortRow,
  type CohortSummary,
  type LabelSummary,
} from './evaluation/cohort-evaluation.ts';
export {
  type CaseEvaluation,
  type EvaluatedLabel,
  type EvaluationOptions,
  evaluateSegmentation,
  type LabelEvaluation,
} from './evaluation/evaluate-segmentation.ts';
export type { MeasureSummary } from './evaluation/summarise.ts';
export type { GridOptions } from './grid.ts';
export type { LabelValues } from './membership.ts';
export { type ConfusionCounts, confusionCounts, type OverlapOptions } from './overlap/confusion-counts.ts';
export { dice } from './overlap/dice.ts';
export { jaccard } from './overlap/jaccard.ts';
export { precision } from './overlap/precision.ts';
export { relativeVolumeDifference } from './overlap/relative-volume-difference.ts';
export { sensitivity } from './overlap/sensitivity.ts';
export { specificity } from './overlap/specificity.ts';
export { volumeSimilarity } from './overlap/volume-similarity.ts';
export { type AsdOptions, type AssdOptions, asd, assd } from './surface/average-surface-distance.ts';
export { type HausdorffOptions, hausdorffDistance, hd95 } from './surface/hausdorff-distance.ts';
export { surfaceDice } from './surface/surface-dice.ts';
export {
  type SurfaceConvention,
  type SurfaceDistanceOptions,
  type SurfaceDistances,
  surfaceDistances,
} from './surface/surface-distances.ts';
