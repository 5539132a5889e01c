export { brierScore } from './calibration/brier-score.ts';
export {
  type BinOptions,
  type CalibrationBin,
  calibrationBins,
  calibrationErrorOfBins,
} from './calibration/calibration-bins.ts';
export {
  type CalibrationOptions,
  classwiseCalibrationError,
  expectedCalibrationError,
  reliabilityDiagram,
} from './calibration/expected-calibration-error.ts';
export { negativeLogLikelihood } from './calibration/negative-log-likelihood.ts';
export type { ProbabilityOptions } from './calibration/probabilities.ts';
export { applyTemperature, fitTemperature, type TemperatureFit } from './calibration/temperature-scaling.ts';
export { adjustedRandIndex } from './clustering/adjusted-rand-index.ts';
export { silhouetteScore } from './clustering/silhouette-score.ts';
export type { Connectivity } from './components/connectivity.ts';
export {
  type ComponentOptions,
  type Components,
  labelComponents,
  largestComponent,
} from './components/label-components.ts';
export { type DistanceTransformOptions, distanceTransform } from './distance/distance-transform.ts';
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
export type { GridOptions, PlacedGridOptions } from './grid.ts';
export type { LabelValues } from './membership.ts';
export { close, dilate, erode, type MorphologyOptions, open } from './morphology/morphology.ts';
export { type ConfusionCounts, confusionCounts, type OverlapOptions } from './overlap/confusion-counts.ts';
export { dice } from './overlap/dice.ts';
export { jaccard } from './overlap/jaccard.ts';
export { precision } from './overlap/precision.ts';
export { relativeVolumeDifference } from './overlap/relative-volume-difference.ts';
export { sensitivity } from './overlap/sensitivity.ts';
export { specificity } from './overlap/specificity.ts';
export { volumeSimilarity } from './overlap/volume-similarity.ts';
export { auroc } from './ranks/auroc.ts';
export { averageRanks } from './ranks/average-ranks.ts';
export {
  kendall,
  type RankCorrelation,
  type RankCorrelationOptions,
  type SpearmanCorrelation,
  spearman,
} from './ranks/correlation.ts';
export {
  type QualityControlCurve,
  type QualityControlOptions,
  qualityControlCurve,
} from './ranks/quality-control-curve.ts';
export {
  type BootstrapMean,
  type BootstrapOptions,
  bootstrapMean,
  type PairedBootstrap,
  pairedBootstrap,
} from './statistics/bootstrap.ts';
export type { Alternative, PairedTestOptions } from './statistics/paired.ts';
export { type PairedTTest, pairedTTest } from './statistics/paired-t-test.ts';
export { type SignTest, signTest } from './statistics/sign-test.ts';
export { type WilcoxonTest, wilcoxonTest } from './statistics/wilcoxon-test.ts';
export { type AsdOptions, type AssdOptions, asd, assd } from './surface/average-surface-distance.ts';
export { type HausdorffOptions, hausdorffDistance, hd95 } from './surface/hausdorff-distance.ts';
export { surfaceDice } from './surface/surface-dice.ts';
export {
  type SurfaceConvention,
  type SurfaceDistanceOptions,
  type SurfaceDistances,
  surfaceDistances,
} from './surface/surface-distances.ts';
export {
  type EnergyDistance,
  type EnergyDistanceOptions,
  generalisedEnergyDistance,
} from './uncertainty/generalised-energy-distance.ts';
export {
  entropyMap,
  PredictiveUncertainty,
  type PredictiveUncertaintyOptions,
  type UncertaintyMapOptions,
  type UncertaintyMeasure,
} from './uncertainty/predictive-uncertainty.ts';
export { sampleErrorCorrelation } from './uncertainty/sample-error-correlation.ts';
export {
  type AssdWithinSamplesOptions,
  assdWithinSamples,
  diceWithinSamples,
  volumeVariation,
  type WithinSamples,
} from './uncertainty/within-samples.ts';
