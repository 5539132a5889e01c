import type { AugmentationConfig } from './config.ts';

/**
 * The augmentation of nnU-Net's version 2: the numbers of `nnUNetTrainer.get_training_transforms` of nnunetv2 2.6, drawn and
 * applied as its transforms do (batchgeneratorsv2). Elastic deformation is off there too, and what is called variance of
 * the noise is used as the standard deviation.
 *
 * Different from it: labels take the nearest voxel (there each label is interpolated linearly, and the strongest wins);
 * blur ends at four standard deviations and reflects edge voxels too (there at about three, without the edge).
 *
 * Version 1 (Isensee et al. 2021, supplementary note 4) has the same numbers, but draws scales from either side of 1
 * equally often, brightness uniformly and one sigma of the blur for all axes, gives each channel its own noise, and
 * interpolates images (here `interpolation: 'cubic'`) and low resolution by cubic splines.
 */
export const nnunetAugmentation: AugmentationConfig = {
  interpolation: 'linear',
  rotation: { probability: 0.2, degrees: [-30, 30] },
  scale: { probability: 0.2, factor: [0.7, 1.4], balanced: false },
  gaussianNoise: { probability: 0.1, standardDeviation: [0, 0.1], sameInChannels: true },
  gaussianBlur: { probability: 0.2, channelProbability: 0.5, sigmaVoxels: [0.5, 1], perAxis: true },
  brightness: { probability: 0.15, factor: [0.75, 1.25] },
  contrast: { probability: 0.15, factor: [0.75, 1.25] },
  lowResolution: { probability: 0.25, channelProbability: 0.5, zoom: [0.5, 1], upsampling: 'linear' },
  gammaInverted: { probability: 0.1, gamma: [0.7, 1.5] },
  gamma: { probability: 0.3, gamma: [0.7, 1.5] },
  mirror: { probability: 0.5, axes: [0, 1, 2] },
};

/**
 * nnU-Net's augmentation (version 2, as `nnunetAugmentation`) for 2-D networks and for patches with more than three times
 * as many voxels along an axis as slices: any rotation within the slice, no spatial transform through the slices. Its 2-D
 * networks with patches longer than 1.5 times their width rotate by 15 degrees at most: `degrees: [-15, 15]` there.
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
