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

/**
 * Kernels of 3 and strides of 2 along all axes, for networks that know no others (V-Net): as many stages as the shortest
 * axis can be halved to. The patch grows to the next multiple.
 *
 * @param maxStages default 6.
 */
export function uniformTopology(patchSize: Triple, _spacingMm: Triple, maxStages = 6): Topology {
  const shortest = Math.min(...patchSize);
  let stages = 1;
  while (stages < maxStages && shortest >= 2 ** stages * MIN_EDGE) stages++;
  const factor = 2 ** (stages - 1);
  return {
    patchSize: [0, 1, 2].map((axis) => Math.ceil(patchSize[axis]! / factor) * factor) as unknown as Triple,
    kernels: Array.from({ length: stages }, () => [3, 3, 3]),
    strides: Array.from({ length: stages }, (_, s) => (s === 0 ? [1, 1, 1] : [2, 2, 2])),
  };
}

/** Convolutions of the encoder's and the decoder's stage s. */
export type StageConvs = (stage: number) => { readonly encoder: number; readonly decoder: number };

/**
 * GFLOP (two per multiplication and addition) of the convolutions of a U-Net's forward pass on one patch.
 *
 * @param convs default two a stage.
 */
export function forwardGflop(
  topology: Topology,
  features: readonly number[],
  channels: number,
  convs: StageConvs = () => ({ encoder: 2, decoder: 2 }),
): number {
  let voxels = topology.patchSize.reduce((a, b) => a * b, 1);
  let flop = 0;
  const volume = (kernel: Triple) => kernel[0] * kernel[1] * kernel[2];
  features.forEach((width, s) => {
    const stride = topology.strides[s]!;
    voxels /= volume(stride);
    const taps = volume(topology.kernels[s]!);
    const before = s === 0 ? channels : features[s - 1]!;
    const { encoder, decoder } = convs(s);
    flop += 2 * taps * voxels * width * (before + (encoder - 1) * width);
    // The decoder's stage: upsampled and skipped features together, then more of its own.
    if (s < features.length - 1) flop += 2 * taps * voxels * width * (decoder + 1) * width;
  });
  return flop / 1e9;
}
