export {
  initialLatent,
  LatentTable,
  type LatentTableOptions,
  type LatentTableState,
  latentsOf,
} from './latent/latent-table.ts';
export { latentPenalty } from './latent/regularisers.ts';
export { type Axis, discriminantAxis, principalAxes, project } from './map/axes.ts';
export { type Clustering, densityClusters, kMeansClusters } from './map/clusters.ts';
export { componentMedian, distanceToMedian, latentIsolation, latentNorm, type Points } from './map/scores.ts';
export { type HyperSortOptions, type HyperSortState, hypersort, type LatentRecord } from './method/hypersort.ts';
export { type HyperNetwork, type HyperNetworkOptions, hyperNetwork } from './network/hyper-network.ts';
