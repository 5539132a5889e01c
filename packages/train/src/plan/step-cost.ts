import { unet3dConfig } from '@seg/unet3d';
import { forwardGflop, type Topology } from './network-topology.ts';
import type { TrainingPlan } from './training-plan.ts';

/**
 * Bytes for each voxel, feature and sample of a stage that a training step holds at most, encoder, decoder and gradients
 * together; measured on wasm with patches of 48 to 80 cubed: 60 to 66.
 */
const BYTES_PER_FEATURE = 80;

/** GFLOP of a training step: forward, and backward at twice the price. */
export function stepGflop(
  topology: Topology,
  features: readonly number[],
  channels: number,
  batchSize: number,
): number {
  return 3 * batchSize * forwardGflop(topology, features, channels);
}

/** GFLOP of a step of a plan's training, for methods with one pass a step. */
export function planStepGflop({ network, patchSize, batchSize }: TrainingPlan): number {
  const { kernels, strides, features, inputChannels } = unet3dConfig(network);
  return stepGflop({ patchSize, kernels, strides }, features, inputChannels, batchSize);
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
