export { type PlainUnetOptions, plainUnet } from './baselines/plain-unet.ts';
export {
  type QualitySentinelOptions,
  qualityInput,
  qualitySentinel,
  qualitySentinelNetwork,
} from './baselines/quality-sentinel.ts';
export { type TLossUnetOptions, tLossUnet } from './baselines/t-loss-unet.ts';
export { outOfFoldDice, pseudoTruthSplit, splitDice, type Trainer } from './baselines/test-dice.ts';
export { type TrainBaselineOptions, type TrainedBaseline, trainBaseline } from './baselines/train-baseline.ts';
export { type TrainedSentinel, trainSentinel } from './baselines/train-sentinel.ts';
export { volumeScore } from './baselines/volume-score.ts';
export { areaAverage } from './cases/area-average.ts';
export { type MapCase, type MapCaseOptions, measureExtent, prepareMapCase } from './cases/map-case.ts';
export { restoreMask } from './cases/restore-mask.ts';
export {
  type CaseExtent,
  planWorkingGrid,
  type WorkingGrid,
  type WorkingGridOptions,
} from './cases/working-grid.ts';
export { type CurationPlan, type PlanCurationOptions, planCuration } from './curate/plan-curation.ts';
export {
  type CaseScores,
  type RankedCase,
  rankCases,
  rankingCsv,
  recommendedScore,
} from './curate/rank-cases.ts';
export {
  type MapSettings,
  shortMapSettings,
  type TrainedMap,
  type TrainMapOptions,
  trainMap,
} from './curate/train-map.ts';
export { formatLatentRecord, type LatentRecord, parseLatentHistory } from './latent/latent-history.ts';
export {
  initialLatent,
  LatentTable,
  type LatentTableOptions,
  type LatentTableState,
  latentsOf,
} from './latent/latent-table.ts';
export { latentPenalty } from './latent/regularisers.ts';
export { type Axis, discriminantAxis, principalAxes, project } from './map/axes.ts';
export { type ChosenClustering, chooseClusters } from './map/choose-clusters.ts';
export { type Clustering, densityClusters, kMeansClusters } from './map/clusters.ts';
export { type CorrectedLabel, correctLabel, disagreement } from './map/correct-label.ts';
export { bestOf, type DiceTable, styleDiversity } from './map/networks-compared.ts';
export {
  componentMedian,
  distanceToMedian,
  latentIsolation,
  latentNorm,
  outlierLimit,
  type Points,
} from './map/scores.ts';
export { type StyleImage, type StyleModel, styleModel } from './map/style-model.ts';
export { type HyperSortOptions, type HyperSortState, hypersort } from './method/hypersort.ts';
export { hypernetMethods } from './methods.ts';
export { type HyperNetwork, type HyperNetworkOptions, hyperNetwork } from './network/hyper-network.ts';
