import { disposeParams, Rng } from '@seg/core';
import { diceCrossEntropyLoss } from '@seg/losses';
import { lossGradients } from '@seg/train';
import { hyperSortUnet, type Unet3d } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';
import { type CaseExtent, planWorkingGrid, type WorkingGrid } from '../cases/working-grid.ts';
import { readAndDispose } from '../map/style-model.ts';
import { type HyperNetwork, type HyperNetworkOptions, hyperNetwork } from '../network/hyper-network.ts';
import { mapSettings } from './train-map.ts';

/** Grid, network and lengths of a curation. */
export interface CurationPlan {
  readonly grid: WorkingGrid;
  readonly baseFeatures: number;
  readonly levels: number;
  /** Convolutions of a level after its first; default 1. The paper's network has 3. */
  readonly convs?: number;
  /** Gradient checkpointing, as in `Unet3dConfig`: less memory for about a third more time; default false. */
  readonly recompute?: boolean;
  readonly epochs: number;
  /** Measured for this grid and network. */
  readonly secondsPerStep: number;
}

export interface PlanCurationOptions {
  readonly cases: number;
  readonly channels: number;
  /** Seconds that HyperSORT may take. */
  readonly seconds: number;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
  /** The hypernetwork that will be trained, in place of that of `shortMapSettings`. */
  readonly hyper?: HyperNetworkOptions;
}

/**
 * From coarse to fine: voxels of the grid, channels of the first level, downsamplings. Finer ones would leave the
 * out-of-fold networks too few epochs in half an hour.
 */
const SIZES = [
  { voxels: 4_000, baseFeatures: 4, levels: 1 },
  { voxels: 7_000, baseFeatures: 6, levels: 1 },
  { voxels: 15_000, baseFeatures: 6, levels: 1 },
  { voxels: 30_000, baseFeatures: 8, levels: 2 },
  { voxels: 60_000, baseFeatures: 8, levels: 2 },
  { voxels: 120_000, baseFeatures: 8, levels: 3 },
] as const;
/** Epochs that a map needs at least, and after which longer training rarely changes it. */
export const LEAST_EPOCHS = 16;
const MOST_EPOCHS = 30;
/** Of which the shortest counts: engines compile kernels while the first ones run. */
const TIMED_STEPS = 3;

/**
 * The finest grid and network with which enough epochs fit into the time; the coarsest of them by fewer epochs where none
 * does. Sizes are timed from coarse to fine up to the first that does not fit, so that a slow device is not kept busy by
 * networks that are out of its reach.
 */
export async function planCuration(
  extents: readonly CaseExtent[],
  options: PlanCurationOptions,
): Promise<CurationPlan> {
  const { cases, channels, seconds, clock } = options;
  const { hyper } = mapSettings(options.hyper === undefined ? {} : { hyper: options.hyper });
  let best: CurationPlan | undefined;
  for (const { voxels, baseFeatures, levels } of SIZES) {
    const grid = planWorkingGrid(extents, { voxels, multiple: 2 ** levels });
    // Small scans: more voxels than theirs change nothing.
    if (levels === best?.levels && baseFeatures === best.baseFeatures && equal(grid.shape, best.grid.shape)) continue;
    const network = hyperSortUnet({ baseFeatures, levels, convs: 1, inputChannels: channels });
    const secondsPerStep = await measureStep(hyperNetwork(network, hyper), network, { grid, channels, clock });
    const possible = Math.floor(seconds / secondsPerStep / cases);
    const fits = possible >= LEAST_EPOCHS;
    if (best !== undefined && !fits) break;
    best = { grid, baseFeatures, levels, epochs: Math.max(1, Math.min(MOST_EPOCHS, possible)), secondsPerStep };
    if (!fits) break;
  }
  return best!;
}

const equal = (a: readonly number[], b: readonly number[]) => a.every((v, i) => v === b[i]);

/** Seconds of one training step of HyperSORT, without the optimiser. */
async function measureStep(
  hyper: HyperNetwork,
  network: Unet3d,
  on: { readonly grid: WorkingGrid; readonly channels: number; readonly clock: () => number },
): Promise<number> {
  const { grid, channels, clock } = on;
  const params = hyper.init(Rng.fromSeed(0));
  const image = tf.zeros([1, ...grid.shape, channels]) as tf.Tensor5D;
  const label = tf.zeros([1, ...grid.shape], 'int32') as tf.Tensor4D;
  const z = tf.zeros([1, hyper.latentDim]) as tf.Tensor2D;
  const step = () => {
    const { gradients, metrics } = lossGradients({ hyper: params }, () =>
      diceCrossEntropyLoss(network.apply(hyper.generate(params, z), image, { statistics: 'batch' }), label),
    );
    tf.dispose(gradients as unknown as tf.TensorContainer);
    // The device has then done the gradients too: on those backends that work on after the call, it goes in order.
    return readAndDispose(metrics.loss as tf.Tensor);
  };
  try {
    await step();
    let shortest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < TIMED_STEPS; i++) {
      const start = clock();
      await step();
      shortest = Math.min(shortest, clock() - start);
    }
    // Sampling, logging and the optimiser come on top.
    return (1.3 * shortest) / 1000 + 0.004;
  } finally {
    disposeParams(params);
    tf.dispose([image, label, z]);
  }
}
