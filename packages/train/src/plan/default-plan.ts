import { lightAugmentation } from '@seg/augment';
import { SegError, type Triple, voxelCount } from '@seg/core';
import type { Budget } from '../fit/phase-plan.ts';
import type { Normalisation } from '../preprocess/preprocessing.ts';
import { type Fingerprint, quantile } from './fingerprint.ts';
import { builtInNetworks, type NetworkKind, type PlannedNetwork } from './network-kinds.ts';
import type { Topology } from './network-topology.ts';
import { largestTensorBytes, stepBytes } from './step-cost.ts';
import type { TrainingPlan } from './training-plan.ts';

/** What the machine can do; defaults are for two cores. `capacity` of a started backend has all three. */
export interface MachineCapacity {
  /** Bytes that all tensors of a training may take; half of them are planned with. Default 3.5 GiB. */
  readonly memoryBytes?: number;
  /** Bytes of one tensor at most. Default: no limit. */
  readonly tensorBytes?: number;
  /** GFLOP a second that the network trains at, forward and backward. Default 60. */
  readonly gflopPerSecond?: number;
}

export interface PlanOptions extends MachineCapacity {
  /** Kind of network; default a plain U-Net. */
  readonly network?: NetworkKind;
  /** Voxels of a patch at most; default: as many as memory and time allow. */
  readonly maxPatchVoxels?: number;
}

const DEFAULT_MEMORY_BYTES = 3.5 * 2 ** 30;
/** GFLOP a second of two cores. */
export const DEFAULT_SPEED = 60;
/** The rest is for fragments, scratch memory of kernels, weights and their moments. */
const PLANNED_MEMORY = 0.5;
/** Patches of up to about 48 cubed are trained on however slow the machine is; it is the network that gets narrower. */
const SMALL_PATCH_VOXELS = 110_000;
const SMALL_PATCH_STAGES = 4;
/** A larger patch must leave a budget of minutes so many steps of the widest network, ... */
const LARGE_PATCH_STEPS = 10_000;
/** ... and take a budget of steps no longer than this for each, at the speed that machines of its kind have. */
const LARGE_PATCH_STEP_SECONDS = 0.5;

/** Fewer steps than this do not train a network; the network is made narrower rather. */
const MIN_STEPS = 1500;
const BATCH_SIZE = 2;
const WIDTHS = [16, 12, 8] as const;
const MAX_FEATURES = 320;

/**
 * Chooses everything for a data set and a budget: nnU-Net's rules for spacing, patch and stages, with sizes that the
 * machine can hold and train in the given time.
 *
 * The patch is the median volume where that is small enough (then whole volumes are trained on), else its shape in mm
 * is kept as far as it goes. It has 110 000 voxels (about 48 cubed) at most, or more where memory allows it and where minutes
 * hold 10 000 steps on it, or a step takes half a second at most. The network is as wide as leaves at least 1500 steps.
 */
export function defaultPlan(fingerprint: Fingerprint, budget: Budget, options: PlanOptions = {}): TrainingPlan {
  if (fingerprint.cases.length === 0) {
    throw new SegError('invalid-argument', { where: 'defaultPlan', problem: 'the fingerprint has no cases' });
  }
  const spacingMm = targetSpacing(fingerprint);
  const shapes = fingerprint.cases.map(({ shape, spacingMm: own }) =>
    shape.map((n, axis) => Math.max(1, Math.round((n * own[axis]!) / spacingMm[axis]!))),
  );
  const median = [0, 1, 2].map((axis) => medianOf(shapes.map((shape) => shape[axis]!))) as unknown as Triple;
  const { network = builtInNetworks.unet3d!, gflopPerSecond = DEFAULT_SPEED } = options;
  const inputChannels = fingerprint.channels.length;
  const classes = fingerprint.foregroundClasses + 1;
  const planned: PlannedWidth = (topology, width) =>
    network.plan({ topology, inputChannels, classes, features: featuresOf(topology, width) });
  const stepSeconds: StepSeconds = (topology, width) =>
    (3 * BATCH_SIZE * network.gflop(planned(topology, width), topology.patchSize)) / gflopPerSecond;
  const shape = (size: Triple, maxStages?: number) => network.topology(size, spacingMm, maxStages);
  const topology = choosePatch(median, shape, patchLimits(budget, stepSeconds, options));
  const width = chooseWidth(budget, (candidate) => stepSeconds(topology, candidate));
  return {
    preprocessing: {
      spacingMm,
      normalisation: fingerprint.channels.map((name, c) => normalisationOf(fingerprint, name, c)),
    },
    patchSize: topology.patchSize,
    network: planned(topology, width),
    batchSize: BATCH_SIZE,
    foregroundFraction: 1 / 3,
    augmentation: { ...lightAugmentation, mirror: { probability: 0.5, axes: fingerprint.mirrorAxes } },
    optimiser: { kind: 'adam', learningRate: 2e-3, weightDecay: 1e-4 },
    schedule: { kind: 'poly', exponent: 0.9, warmUp: 0.02 },
    clipNorm: 12,
    ema: 0.99,
    mirrorAxes: fingerprint.mirrorAxes,
    overlap: 0.5,
  };
}

/** nnU-Net's target spacing: the median, but finer along an axis of thick slices. */
export function targetSpacing({ cases }: Fingerprint): Triple {
  const column = (axis: number) => cases.map(({ spacingMm }) => spacingMm[axis]!).sort((a, b) => a - b);
  const target = [0, 1, 2].map((axis) => quantile(column(axis), 0.5));
  const sizes = [0, 1, 2].map((axis) => medianOf(cases.map(({ shape }) => shape[axis]!)));
  const coarsest = target.indexOf(Math.max(...target));
  const others = [0, 1, 2].filter((axis) => axis !== coarsest);
  const finestOther = Math.max(...others.map((axis) => target[axis]!));
  const isThick = target[coarsest]! > 3 * finestOther;
  const hasFewSlices = sizes[coarsest]! * 3 < Math.min(...others.map((axis) => sizes[axis]!));
  if (isThick && hasFewSlices) {
    const fine = quantile(column(coarsest), 0.1);
    target[coarsest] = fine < finestOther ? finestOther + 1e-5 : fine;
  }
  return target as unknown as Triple;
}

/** Patches are not cut below this many voxels along an axis. */
const MIN_PATCH_EDGE = 4;

/** A network of that width for a patch. */
type PlannedWidth = (topology: Topology, width: number) => PlannedNetwork;
/** Seconds of a training step with it. */
type StepSeconds = (topology: Topology, width: number) => number;
/** The stages for a patch of that size. */
type Shape = (patchSize: Triple, maxStages?: number) => Topology;

interface PatchLimits {
  /** Of a patch that need not earn its time. */
  readonly small: (topology: Topology) => boolean;
  readonly large: (topology: Topology) => boolean;
}

function patchLimits(budget: Budget, stepSeconds: StepSeconds, options: PlanOptions): PatchLimits {
  const { memoryBytes = DEFAULT_MEMORY_BYTES, tensorBytes = Number.POSITIVE_INFINITY } = options;
  const { maxPatchVoxels = Number.POSITIVE_INFINITY } = options;
  const seconds = 'steps' in budget ? LARGE_PATCH_STEP_SECONDS : (60 * budget.minutes) / LARGE_PATCH_STEPS;
  const [width] = WIDTHS;
  const fits = (topology: Topology) =>
    voxelCount(topology.patchSize) <= maxPatchVoxels &&
    stepBytes(topology, featuresOf(topology, width), BATCH_SIZE) <= PLANNED_MEMORY * memoryBytes &&
    largestTensorBytes(topology, width, BATCH_SIZE) <= tensorBytes;
  return {
    small: (topology) => voxelCount(topology.patchSize) <= SMALL_PATCH_VOXELS && fits(topology),
    large: (topology) => stepSeconds(topology, width) <= seconds && fits(topology),
  };
}

function choosePatch(median: Triple, shape: Shape, { small, large }: PatchLimits): Topology {
  const topology = shrinkPatch(median, shape, large);
  if (voxelCount(topology.patchSize) > SMALL_PATCH_VOXELS && large(topology)) return topology;
  return shrinkPatch(median, (size) => shape(size, SMALL_PATCH_STAGES), small);
}

function shrinkPatch(median: Triple, shape: Shape, fits: (topology: Topology) => boolean): Topology {
  const size: [number, number, number] = [...median];
  for (;;) {
    const topology = shape(size);
    if (fits(topology)) return topology;
    // The axis that covers most of the volume gives way first, by one step of its stride.
    const axes = ([0, 1, 2] as const).filter((axis) => size[axis] > MIN_PATCH_EDGE);
    if (axes.length === 0) return topology;
    const axis = axes.reduce((a, b) => (size[b] / median[b] > size[a] / median[a] ? b : a));
    const step = topology.strides.reduce((p, s) => p * s[axis], 1);
    size[axis] = Math.max(MIN_PATCH_EDGE, Math.min(size[axis] - 1, topology.patchSize[axis] - step));
  }
}

function chooseWidth(budget: Budget, stepSeconds: (width: number) => number): number {
  for (const width of WIDTHS) {
    if ('steps' in budget) return width;
    const perStep = stepSeconds(width);
    if ((budget.minutes * 60) / perStep >= MIN_STEPS) return width;
  }
  return WIDTHS[WIDTHS.length - 1]!;
}

function featuresOf({ strides }: Topology, width: number): readonly number[] {
  return strides.map((_, s) => Math.min(MAX_FEATURES, width * 2 ** s));
}

function normalisationOf({ foreground }: Fingerprint, name: string, channel: number): Normalisation {
  if (!/^ct$/i.test(name)) return { kind: 'zScore' };
  const statistics = foreground[channel] ?? null;
  // Without any range of foreground values to clip to, every image would become one value.
  if (statistics === null || statistics.percentile005 === statistics.percentile995) return { kind: 'zScore' };
  const { percentile005: low, percentile995: high, mean, standardDeviation } = statistics;
  return { kind: 'clipZScore', low, high, mean, standardDeviation };
}

function medianOf(values: readonly number[]): number {
  return Math.round(
    quantile(
      [...values].sort((a, b) => a - b),
      0.5,
    ),
  );
}
