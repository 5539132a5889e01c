import { type NetworkKinds, networkKind } from './network-kinds.ts';
import type { Topology } from './network-topology.ts';
import type { TrainingPlan } from './training-plan.ts';

/**
 * Bytes for each voxel, feature and sample of a stage that a training step holds at most, encoder, decoder and gradients
 * together; measured on wasm with patches of 48 to 80 cubed: 60 to 66.
 */
const BYTES_PER_FEATURE = 80;

/** GFLOP of a training step, for methods with one pass a step: forward, and backward at twice the price. */
export function stepGflop(
  { network, patchSize, batchSize }: Pick<TrainingPlan, 'network' | 'patchSize' | 'batchSize'>,
  networks?: NetworkKinds,
): number {
  return 3 * batchSize * networkKind(network.kind, networks).gflop(network, patchSize);
}

/** Bytes that a training step holds at most, beside the weights. */
export function stepBytes({ patchSize, strides }: Topology, features: readonly number[], batchSize: number): number {
  let voxels = patchSize[0] * patchSize[1] * patchSize[2];
  let held = 0;
  features.forEach((width, s) => {
    const [z, y, x] = strides[s]!;
    voxels /= z * y * x;
    held += voxels * width;
  });
  return BYTES_PER_FEATURE * batchSize * held;
}

/** Bytes of a step's largest tensor: upsampled features beside those of the skip, at full resolution. */
export function largestTensorBytes({ patchSize }: Topology, width: number, batchSize: number): number {
  return 4 * batchSize * patchSize[0] * patchSize[1] * patchSize[2] * 3 * width;
}
