import { lightAugmentation } from '@seg/augment';
import { SegError, type Triple } from '@seg/core';
import type { Budget } from '../fit/phase-plan.ts';
import type { Normalisation } from '../preprocess/preprocessing.ts';
import { type Fingerprint, quantile } from './fingerprint.ts';
import { forwardGflop, planTopology, type Topology } from './network-topology.ts';
import type { TrainingPlan } from './training-plan.ts';

/** What the machine can do; defaults are for two cores. */
export interface PlanOptions {
  /** Voxels of a patch at most. Default 110 000 (48 cubed): fits the memory and the speed of a CPU. */
  readonly maxPatchVoxels?: number;
  /** GFLOP a second that the network trains at, forward and backward. Default 60. */
  readonly gflopPerSecond?: number;
}

/** Fewer steps than this do not train a network; the network is made narrower rather. */
const MIN_STEPS = 1500;
const BATCH_SIZE = 2;
const WIDTHS = [16, 12, 8] as const;
const MAX_FEATURES = 320;

/**
 * Chooses everything for a data set and a budget: nnU-Net's rules for spacing, patch and stages, with sizes that a CPU
 * can train in the given time.
 *
 * The patch is the median volume where that is small enough (then whole volumes are trained on), else its shape in mm
 * is kept as far as it goes. The network is as wide as leaves at least 1500 steps.
 */
export function defaultPlan(fingerprint: Fingerprint, budget: Budget, options: PlanOptions = {}): TrainingPlan {
  const { maxPatchVoxels = 110_000, gflopPerSecond = 60 } = options;
  if (fingerprint.cases.length === 0) {
    throw new SegError('invalid-argument', { where: 'defaultPlan', problem: 'the fingerprint has no cases' });
  }
  const spacingMm = targetSpacing(fingerprint);
  const shapes = fingerprint.cases.map(({ shape, spacingMm: own }) =>
    shape.map((n, axis) => Math.max(1, Math.round((n * own[axis]!) / spacingMm[axis]!))),
  );
  const median = [0, 1, 2].map((axis) => medianOf(shapes.map((shape) => shape[axis]!))) as unknown as Triple;
  const topology = choosePatch(median, spacingMm, maxPatchVoxels);
  const width = chooseWidth(topology, fingerprint.channels.length, budget, gflopPerSecond);
  return {
    preprocessing: {
      spacingMm,
      normalisation: fingerprint.channels.map((name, c) => normalisationOf(fingerprint, name, c)),
    },
    patchSize: topology.patchSize,
    network: {
      inputChannels: fingerprint.channels.length,
      classes: fingerprint.foregroundClasses + 1,
      features: featuresOf(topology, width),
      kernels: topology.kernels,
      strides: topology.strides,
    },
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

function choosePatch(median: Triple, spacingMm: Triple, maxVoxels: number): Topology {
  const size: [number, number, number] = [...median];
  for (;;) {
    const topology = planTopology(size, spacingMm, 4);
    if (topology.patchSize.reduce((a, b) => a * b, 1) <= maxVoxels) return topology;
    // The axis that covers most of the volume gives way first, by one step of its stride.
    const axes = ([0, 1, 2] as const).filter((axis) => size[axis] > MIN_PATCH_EDGE);
    if (axes.length === 0) return topology;
    const axis = axes.reduce((a, b) => (size[b] / median[b] > size[a] / median[a] ? b : a));
    const step = topology.strides.reduce((p, s) => p * s[axis], 1);
    size[axis] = Math.max(MIN_PATCH_EDGE, Math.min(size[axis] - 1, topology.patchSize[axis] - step));
  }
}

function chooseWidth(topology: Topology, channels: number, budget: Budget, gflopPerSecond: number): number {
  for (const width of WIDTHS) {
    if ('steps' in budget) return width;
    const perStep = (3 * BATCH_SIZE * forwardGflop(topology, featuresOf(topology, width), channels)) / gflopPerSecond;
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
