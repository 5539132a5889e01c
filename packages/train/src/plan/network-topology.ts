import type { Triple } from '@seg/core';

/** Kernels and strides of each stage of a U-Net, and the patch that they fit. */
export interface Topology {
  /** (z, y, x), a multiple of all strides. */
  readonly patchSize: Triple;
  readonly kernels: readonly Triple[];
  readonly strides: readonly Triple[];
}

/** An axis is halved while its voxels stay within this factor of the finest axis, as in nnU-Net. */
const MAX_SPACING_RATIO = 2;
/** No axis gets shorter than this. */
const MIN_EDGE = 4;

/**
 * nnU-Net's rule (Isensee et al. 2021): halve every axis whose voxels are within a factor of 2 of the finest and which
 * has at least 8 voxels left; kernels are 3 along axes within that factor, else 1. The patch grows to the next multiple
 * of its strides.
 *
 * @param maxStages default 6.
 */
export function planTopology(patchSize: Triple, spacingMm: Triple, maxStages = 6): Topology {
  let spacing: Triple = spacingMm;
  let size: Triple = patchSize;
  const kernels: Triple[] = [];
  const strides: Triple[] = [[1, 1, 1]];
  const each = (f: (axis: 0 | 1 | 2) => number): Triple => [f(0), f(1), f(2)];
  for (;;) {
    const finest = Math.min(...spacing);
    const isFine = (axis: 0 | 1 | 2) => spacing[axis] / finest < MAX_SPACING_RATIO;
    kernels.push(each((axis) => (isFine(axis) ? 3 : 1)));
    const stride = each((axis) => (isFine(axis) && size[axis] >= 2 * MIN_EDGE ? 2 : 1));
    if (strides.length >= maxStages || stride.every((n) => n === 1)) break;
    strides.push(stride);
    size = each((axis) => Math.ceil(size[axis] / stride[axis]));
    spacing = each((axis) => spacing[axis] * stride[axis]);
  }
  const product = each((axis) => strides.reduce((p, s) => p * s[axis], 1));
  return {
    patchSize: each((axis) => Math.ceil(patchSize[axis] / product[axis]) * product[axis]),
    kernels,
    strides,
  };
}

/** GFLOP (two per multiplication and addition) of a U-Net's forward pass on one patch, two convolutions a stage. */
export function forwardGflop(topology: Topology, features: readonly number[], channels: number): number {
  let voxels = topology.patchSize.reduce((a, b) => a * b, 1);
  let flop = 0;
  const volume = (kernel: Triple) => kernel[0] * kernel[1] * kernel[2];
  features.forEach((width, s) => {
    const stride = topology.strides[s]!;
    voxels /= volume(stride);
    const taps = volume(topology.kernels[s]!);
    const before = s === 0 ? channels : features[s - 1]!;
    flop += 2 * taps * voxels * width * (before + width);
    // The decoder's stage: upsampled and skipped features together, then once more.
    if (s < features.length - 1) flop += 2 * taps * voxels * width * 3 * width;
  });
  return flop / 1e9;
}
