import { checkOption, type Network, type Triple } from '@seg/core';
import { resEncUnet3d, resEncUnet3dConfig, unet3d, unet3dConfig, vnet, vnetConfig } from '@seg/unet3d';
import type * as tf from '@tensorflow/tfjs-core';
import type { JsonValue } from '../json.ts';
import { forwardGflop, planTopology, type Topology, uniformTopology } from './network-topology.ts';

/** A network as a plan holds it: its kind, and that kind's configuration as plain JSON. */
export interface PlannedNetwork {
  readonly kind: string;
  readonly inputChannels: number;
  /** Channels of the logits. */
  readonly classes: number;
  /** Channels of each stage, of those kinds that have stages. */
  readonly features?: readonly number[];
  readonly [option: string]: JsonValue | undefined;
}

/** A network that segments; a list of logits, finest first, with deep supervision. */
export type SegmentationNetwork = Network<tf.Tensor5D> | Network<tf.Tensor5D[]>;

/** What a kind of network is planned for. */
export interface NetworkRequest {
  readonly topology: Topology;
  /** Channels of each stage. */
  readonly features: readonly number[];
  readonly inputChannels: number;
  readonly classes: number;
}

/** A kind of network that runs can be planned with, built from and loaded by. */
export interface NetworkKind {
  /** What it is called in sentences. */
  readonly title: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Stages that fit a patch of this size (z, y, x) at this spacing; the patch may grow to what the strides need. */
  topology(patchSize: Triple, spacingMm: Triple, maxStages?: number): Topology;
  /** The configuration of a network for a patch. */
  plan(request: NetworkRequest): PlannedNetwork;
  /** GFLOP of a configured network's forward pass on one patch. */
  gflop(config: PlannedNetwork, patchSize: Triple): number;
  /** The network of a configuration; throws SegError for one that is none. */
  create(config: PlannedNetwork): SegmentationNetwork;
}

/** Kinds by the name that `--network` takes. */
export type NetworkKinds = Readonly<Record<string, NetworkKind>>;

/** The configuration without its kind, for the factory that checks it. */
function own<Config>({ kind: _, ...config }: PlannedNetwork): Config {
  return config as unknown as Config;
}

type UnetConfig = Parameters<typeof unet3dConfig>[0];
type ResEncConfig = Parameters<typeof resEncUnet3dConfig>[0];
type VnetConfig = Parameters<typeof vnetConfig>[0];

/** The networks of `@seg/unet3d`. */
export const builtInNetworks: NetworkKinds = {
  unet3d: {
    title: 'U-Net',
    summary: "nnU-Net's plain U-Net",
    topology: planTopology,
    plan: ({ topology: { kernels, strides }, ...request }) => ({ kind: 'unet3d', ...request, kernels, strides }),
    gflop: (config, patchSize) => {
      const c = unet3dConfig(own<UnetConfig>(config));
      return forwardGflop({ ...c, patchSize }, c.features, c.inputChannels, (s) => ({
        encoder: c.convsPerStage[s]!,
        decoder: c.decoderConvs[s] ?? 0,
      }));
    },
    create: (config) => unet3d(own<UnetConfig>(config)),
  },
  resEncUnet3d: {
    title: 'residual-encoder U-Net',
    summary: "nnU-Net's U-Net with a residual encoder",
    topology: planTopology,
    plan: ({ topology: { kernels, strides }, ...request }) => ({ kind: 'resEncUnet3d', ...request, kernels, strides }),
    gflop: (config, patchSize) => {
      const c = resEncUnet3dConfig(own<ResEncConfig>(config));
      // Two convolutions a block, and a stem before the first stage.
      return forwardGflop({ ...c, patchSize }, c.features, c.inputChannels, (s) => ({
        encoder: 2 * c.blocksPerStage[s]! + (s === 0 ? 1 : 0),
        decoder: c.decoderConvs[s] ?? 0,
      }));
    },
    create: (config) => resEncUnet3d(own<ResEncConfig>(config)),
  },
  vnet: {
    title: 'V-Net',
    summary: 'V-Net of the mean-teacher literature, with dropout; instance norms in place of batch norms',
    topology: uniformTopology,
    // Batches of two, as plans have them, are too small for batch norms.
    plan: ({ topology: _, ...request }) => ({ kind: 'vnet', ...request, norm: 'instance' }),
    gflop: (config, patchSize) => {
      const c = vnetConfig(own<VnetConfig>(config));
      const { kernels, strides } = uniformTopology(patchSize, [1, 1, 1], c.features.length);
      return forwardGflop({ patchSize, kernels, strides }, c.features, c.inputChannels, (s) => ({
        encoder: c.encoderConvs[s]!,
        decoder: c.decoderConvs[s] ?? 0,
      }));
    },
    create: (config) => vnet(own<VnetConfig>(config)),
  },
};

/** The kind of that name; throws `unknown-option` with the nearest name. */
export function networkKind(name: string, more: NetworkKinds = {}): NetworkKind {
  const all: NetworkKinds = { ...builtInNetworks, ...more };
  return all[checkOption('network', 'kind', name, Object.keys(all))]!;
}
