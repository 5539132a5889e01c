export { type AugmentOptions, augmentPatch } from './augment-patch.ts';
export {
  type AugmentationConfig,
  type Chance,
  type ChannelChance,
  checkAugmentationConfig,
  type Range,
} from './config.ts';
export { gaussianBlur } from './intensity/blur.ts';
export { scaleBrightness } from './intensity/brightness.ts';
export { scaleContrast } from './intensity/contrast.ts';
export { type GammaOptions, gammaTransform } from './intensity/gamma.ts';
export { simulateLowResolution } from './intensity/low-resolution.ts';
export { addGaussianNoise, addRicianNoise } from './intensity/noise.ts';
export { type DropSlicesOptions, dropSlices } from './labels/drop-slices.ts';
export { type JitterOptions, jitterContour } from './labels/jitter-contour.ts';
export { type Connectivity, dilateLabels, erodeLabels, type MorphologyOptions } from './labels/morphology.ts';
export {
  type LabelledCase,
  type PerturbationGroup,
  type PerturbationManifest,
  type PerturbationPlan,
  type PerturbationRecord,
  perturbLabels,
} from './labels/perturb-labels.ts';
export { applyPerturbation, type CountOrRange, type Perturbation } from './labels/perturbation.ts';
export { relabel } from './labels/relabel.ts';
export { shiftLabels } from './labels/shift-labels.ts';
export { stratify } from './labels/stratify.ts';
export { loadShape } from './load-shape.ts';
export type { Patch } from './patch.ts';
export { lightAugmentation, nnunetAugmentation, nnunetAugmentation2d } from './presets.ts';
export {
  type AffineOptions,
  type AffineSamplingGrid,
  affineGrid,
  affineMatrix,
  type SamplingGrid,
  type SamplingMatrix,
} from './spatial/coordinates.ts';
export { cropCentre } from './spatial/crop.ts';
export { addElasticDisplacement, type ElasticOptions } from './spatial/elastic.ts';
export { mirror } from './spatial/mirror.ts';
export { type SampleOptions, sampleImage, sampleLabels } from './spatial/sample.ts';
export { addRadialStretch, type StretchOptions } from './spatial/stretch.ts';
