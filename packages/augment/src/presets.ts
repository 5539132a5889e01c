import type { AugmentationConfig } from './config.ts';

/**
 * The augmentation of nnU-Net's default trainer (Isensee et al. 2021, supplementary note 4; elastic deformation is off
 * there too). "Variance" of its noise is used as the standard deviation, as in its code. Linear interpolation, as in
 * version 2.
 */
export const nnunetAugmentation: AugmentationConfig = {
  rotation: { probability: 0.2, degrees: [-30, 30] },
  scale: { probability: 0.2, factor: [0.7, 1.4] },
  gaussianNoise: { probability: 0.1, standardDeviation: [0, 0.1] },
  gaussianBlur: { probability: 0.2, channelProbability: 0.5, sigmaVoxels: [0.5, 1] },
  brightness: { probability: 0.15, factor: [0.75, 1.25] },
  contrast: { probability: 0.15, factor: [0.75, 1.25] },
  lowResolution: { probability: 0.25, channelProbability: 0.5, zoom: [0.5, 1] },
  gammaInverted: { probability: 0.1, gamma: [0.7, 1.5] },
  gamma: { probability: 0.3, gamma: [0.7, 1.5] },
  mirror: { probability: 0.5, axes: [0, 1, 2] },
};

/**
 * nnU-Net's augmentation for 2-D networks and for patches whose slices are more than three times thicker than their
 * pixels: any rotation within the slice, nothing through the slices.
 */
export const nnunetAugmentation2d: AugmentationConfig = {
  ...nnunetAugmentation,
  inPlaneOnly: true,
  rotation: { probability: 0.2, degrees: [-180, 180] },
};

/** Cheap transforms for short trainings on a CPU: mirroring, small moves, noise, brightness, contrast and gamma. */
export const lightAugmentation: AugmentationConfig = {
  rotation: { probability: 0.3, degrees: [-15, 15] },
  scale: { probability: 0.3, factor: [0.85, 1.18] },
  shift: { probability: 0.5, voxels: [-3, 3] },
  gaussianNoise: { probability: 0.2, standardDeviation: [0, 0.1] },
  brightness: { probability: 0.2, factor: [0.8, 1.25] },
  contrast: { probability: 0.2, factor: [0.8, 1.25] },
  gamma: { probability: 0.2, gamma: [0.7, 1.5] },
  mirror: { probability: 0.5, axes: [0, 1, 2] },
};
