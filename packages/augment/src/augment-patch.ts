import { Rng, SegError, type Triple, voxelCount } from '@seg/core';
import { type AugmentationConfig, type ChannelChance, checkAugmentationConfig, type Range } from './config.ts';
import { gaussianBlur } from './intensity/blur.ts';
import { scaleBrightness } from './intensity/brightness.ts';
import { scaleContrast } from './intensity/contrast.ts';
import { gammaTransform } from './intensity/gamma.ts';
import { simulateLowResolution } from './intensity/low-resolution.ts';
import { addGaussianNoise, addRicianNoise } from './intensity/noise.ts';
import { countChannels, type Patch } from './patch.ts';
import {
  type AffineOptions,
  type AffineSamplingGrid,
  affineGrid,
  affineMatrix,
  type SamplingGrid,
} from './spatial/coordinates.ts';
import { cropCentre } from './spatial/crop.ts';
import { addElasticDisplacement } from './spatial/elastic.ts';
import { mirror } from './spatial/mirror.ts';
import { sampleImage, sampleLabels } from './spatial/sample.ts';
import { addRadialStretch } from './spatial/stretch.ts';

export interface AugmentOptions {
  /**
   * [D, H, W] of the result, at most the patch's: the middle of the patch is kept, so that rotations find voxels where
   * the corners were (see `loadShape`). Default: the patch's own shape.
   */
  readonly outputShape?: Triple;
  /** Label of what lies outside of the patch, unless the config continues its edge. Default 0. */
  readonly outsideLabel?: number;
}

/**
 * Augments an image patch and its labels: one combined spatial resampling, intensity transforms, mirroring.
 *
 * Every random choice is drawn from `rng`, so that the same state gives the same patch in any worker. The input is not
 * changed.
 *
 * @returns new arrays, [C, ...outputShape] and [L, ...outputShape].
 * @throws SegError `shape-mismatch` for arrays that do not fill the shape; see `checkAugmentationConfig` for the config.
 */
export function augmentPatch(patch: Patch, config: AugmentationConfig, rng: Rng, options: AugmentOptions = {}): Patch {
  checkAugmentationConfig(config);
  const shape = options.outputShape ?? patch.shape;
  if (shape.some((n, i) => !(Number.isInteger(n) && n >= 1 && n <= patch.shape[i]!))) {
    throw new SegError('invalid-argument', {
      where: 'augmentPatch',
      problem: 'the output must fit into the patch',
      got: { patch: patch.shape, outputShape: shape },
    });
  }
  const channels = countChannels('augmentPatch', 'image', patch.image.length, patch.shape);
  if (patch.label !== undefined) countChannels('augmentPatch', 'label', patch.label.length, patch.shape);

  const grid = drawSpatial(patch.shape, shape, config, rng);
  let image: Float32Array;
  let label: Uint8Array | undefined;
  if (grid === undefined) {
    image = cropCentre(patch.image, patch.shape, shape);
    label = patch.label && cropCentre(patch.label, patch.shape, shape);
  } else {
    const { interpolation = 'linear', border = 0 } = config;
    image = sampleImage(patch.image, patch.shape, grid, { interpolation, border });
    label =
      patch.label &&
      sampleLabels(patch.label, patch.shape, grid, border === 'edge' ? 'edge' : (options.outsideLabel ?? 0));
  }

  const voxels = voxelCount(shape);
  const views = Array.from({ length: channels }, (_, c) => image.subarray(c * voxels, (c + 1) * voxels));
  applyIntensity(image, views, shape, config, rng);

  if (config.mirror !== undefined) {
    const { axes, probability } = config.mirror;
    const drawn = axes.filter(() => rng.bernoulli(probability));
    if (drawn.length > 0) {
      image = mirror(image, shape, drawn);
      label = label && mirror(label, shape, drawn);
    }
  }
  return label === undefined ? { image, shape } : { image, label, shape };
}

function drawSpatial(
  input: Triple,
  output: Triple,
  config: AugmentationConfig,
  rng: Rng,
): SamplingGrid | AffineSamplingGrid | undefined {
  const { rotation, scale, shift, elastic, stretch, inPlaneOnly = false } = config;
  const affine: { -readonly [K in keyof AffineOptions]: AffineOptions[K] } = {};
  if (rotation !== undefined && rng.bernoulli(rotation.probability)) {
    const ranges = (rotation.degrees.length === 3 ? rotation.degrees : Array(3).fill(rotation.degrees)) as Range[];
    const angles = ranges.map((range) => (uniform(range, rng) * Math.PI) / 180);
    affine.rotationRad = inPlaneOnly ? [angles[0]!, 0, 0] : (angles as unknown as Triple);
  }
  if (scale !== undefined && rng.bernoulli(scale.probability)) {
    const drawOne = scale.balanced === false ? uniform : factor;
    const one = drawOne(scale.factor, rng);
    const [z, y, x] = scale.perAxis ? [one, drawOne(scale.factor, rng), drawOne(scale.factor, rng)] : [one, one, one];
    affine.scale = [inPlaneOnly ? 1 : z, y, x];
  }
  if (shift !== undefined && rng.bernoulli(shift.probability)) {
    const [z, y, x] = [uniform(shift.voxels, rng), uniform(shift.voxels, rng), uniform(shift.voxels, rng)];
    affine.shiftVoxels = [inPlaneOnly ? 0 : z, y, x];
  }
  const axes = inPlaneOnly ? [1, 2] : [0, 1, 2];
  const isElastic = elastic !== undefined && rng.bernoulli(elastic.probability);
  const isStretched = stretch !== undefined && rng.bernoulli(stretch.probability);
  if (Object.keys(affine).length === 0 && !isElastic && !isStretched) return undefined;
  const matrix = affineMatrix(input, output, affine);
  if (!isElastic && !isStretched) return { matrix, shape: output };
  const grid = affineGrid(matrix, output);
  if (isElastic) {
    const { standardDeviationVoxels, controlSpacingVoxels = 10 } = elastic;
    const drawn = uniform(standardDeviationVoxels, rng);
    addElasticDisplacement(grid, { standardDeviationVoxels: drawn, controlSpacingVoxels, axes }, rng);
  }
  if (isStretched) {
    const meanSize = axes.reduce((sum, axis) => sum + output[axis]!, 0) / axes.length;
    const centreVoxels = input.map((n) => (n - 1) / 2) as unknown as Triple;
    const radiusVoxels = stretch.radiusFraction * meanSize;
    addRadialStretch(grid, { strength: uniform(stretch.strength, rng), radiusVoxels, centreVoxels, axes });
  }
  return grid;
}

function applyIntensity(
  image: Float32Array,
  channels: readonly Float32Array[],
  shape: Triple,
  config: AugmentationConfig,
  rng: Rng,
): void {
  const { gaussianNoise, ricianNoise, gaussianBlur: blur, brightness, contrast, lowResolution } = config;
  if (gaussianNoise !== undefined && rng.bernoulli(gaussianNoise.probability)) {
    const standardDeviation = uniform(gaussianNoise.standardDeviation, rng);
    if (gaussianNoise.sameInChannels) {
      // The same state draws the same noise.
      const { state } = rng.split();
      for (const channel of channels) addGaussianNoise(channel, standardDeviation, Rng.fromState(state));
    } else addGaussianNoise(image, standardDeviation, rng);
  }
  if (ricianNoise !== undefined && rng.bernoulli(ricianNoise.probability)) {
    addRicianNoise(image, uniform(ricianNoise.standardDeviation, rng), rng);
  }
  for (const channel of drawChannels(blur, channels, rng)) {
    const one = uniform(blur!.sigmaVoxels, rng);
    const sigmas = blur!.perAxis
      ? ([one, uniform(blur!.sigmaVoxels, rng), uniform(blur!.sigmaVoxels, rng)] as const)
      : one;
    gaussianBlur(channel, shape, sigmas);
  }
  for (const channel of drawChannels(brightness, channels, rng)) {
    scaleBrightness(channel, factor(brightness!.factor, rng));
  }
  for (const channel of drawChannels(contrast, channels, rng)) {
    const { preserveRange = true } = contrast!;
    scaleContrast(channel, factor(contrast!.factor, rng), { preserveRange });
  }
  for (const channel of drawChannels(lowResolution, channels, rng)) {
    const zoom = uniform(lowResolution!.zoom, rng);
    const { upsampling = 'cubic' } = lowResolution!;
    simulateLowResolution(channel, shape, [config.inPlaneOnly ? 1 : zoom, zoom, zoom], { upsampling });
  }
  for (const [gamma, invert] of [
    [config.gammaInverted, true],
    [config.gamma, false],
  ] as const) {
    for (const channel of drawChannels(gamma, channels, rng)) {
      const { retainStatistics = true } = gamma!;
      gammaTransform(channel, factor(gamma!.gamma, rng), { invert, retainStatistics });
    }
  }
}

/** The channels that a transform applies to, drawn one by one as they are consumed. */
function* drawChannels(
  chance: ChannelChance | undefined,
  channels: readonly Float32Array[],
  rng: Rng,
): Generator<Float32Array> {
  if (chance === undefined || !rng.bernoulli(chance.probability)) return;
  for (const channel of channels) if (rng.bernoulli(chance.channelProbability ?? 1)) yield channel;
}

function uniform([low, high]: Range, rng: Rng): number {
  return rng.uniform(low, high);
}

/** Either side of 1 with equal probability, so that growing and shrinking balance. */
function factor([low, high]: Range, rng: Rng): number {
  if (!(low < 1 && high > 1)) return rng.uniform(low, high);
  return rng.bernoulli(0.5) ? rng.uniform(low, 1) : rng.uniform(1, high);
}
