import { checkOption, type Network, type Triple } from '@seg/core';
import { resEncUnet3d, unet3d, vnet } from '@seg/unet3d';
import type * as tf from '@tensorflow/tfjs-core';
import type { JsonValue } from '../json.ts';
import { forwardGflop, planTopology, type StageConvs, type Topology, uniformTopology } from './network-topology.ts';

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
  /** One line for `--help`. */
  readonly summary: string;
  /** Stages that fit a patch of this size (z, y, x) at this spacing; the patch may grow to what the strides need. */
  topology(patchSize: Triple, spacingMm: Triple, maxStages: number): Topology;
  /** The configuration of a network for a patch. */
  plan(request: NetworkRequest): PlannedNetwork;
  /** GFLOP of a forward pass on one patch. */
  gflop(topology: Topology, features: readonly number[], inputChannels: number): number;
  /** The network of a configuration; throws SegError for one that is none. */
  create(config: PlannedNetwork): SegmentationNetwork;
}

/** Kinds by the name that `--network` takes. */
export type NetworkKinds = Readonly<Record<string, NetworkKind>>;

const plainConvs: StageConvs = () => ({ encoder: 2, decoder: 2 });
/** A stem and two convolutions a block in nnU-Net's 1, 3, 4, 6, ... blocks; light decoder stages. */
const residualConvs: StageConvs = (s) => ({ encoder: 2 * ([1, 3, 4][s] ?? 6) + (s === 0 ? 1 : 0), decoder: 1 });
const vnetConvs: StageConvs = (s) => ({ encoder: Math.min(s + 1, 3), decoder: Math.min(s + 1, 3) });

/** The networks of `@seg/unet3d`. */
export const builtInNetworks: NetworkKinds = {
  unet3d: {
    summary: "nnU-Net's plain U-Net",
    topology: planTopology,
    plan: ({ topology, ...request }) => withStages('unet3d', topology, request),
    gflop: (topology, features, channels) => forwardGflop(topology, features, channels, plainConvs),
    create: ({ kind: _, ...config }) => unet3d(config as unknown as Parameters<typeof unet3d>[0]),
  },
  resEncUnet3d: {
    summary: "nnU-Net's U-Net with a residual encoder",
    topology: planTopology,
    plan: ({ topology, ...request }) => withStages('resEncUnet3d', topology, request),
    gflop: (topology, features, channels) => forwardGflop(topology, features, channels, residualConvs),
    create: ({ kind: _, ...config }) => resEncUnet3d(config as unknown as Parameters<typeof resEncUnet3d>[0]),
  },
  vnet: {
    summary: 'V-Net of the mean-teacher literature, with dropout; instance norms in place of batch norms',
    topology: uniformTopology,
    // Batches of two, as plans have them, are too small for batch norms.
    plan: ({ topology: _, ...request }) => ({ kind: 'vnet', ...request, norm: 'instance' }),
    gflop: (topology, features, channels) => forwardGflop(topology, features, channels, vnetConvs),
    create: ({ kind: _, ...config }) => vnet(config as unknown as Parameters<typeof vnet>[0]),
  },
};

function withStages(kind: string, { kernels, strides }: Topology, request: Omit<NetworkRequest, 'topology'>) {
  return { kind, ...request, kernels, strides };
}

/** The kind of that name; throws `unknown-option` with the nearest name. */
export function networkKind(name: string, more: NetworkKinds = {}): NetworkKind {
  const all: NetworkKinds = { ...builtInNetworks, ...more };
  return all[checkOption('network', 'kind', name, Object.keys(all))]!;
}
