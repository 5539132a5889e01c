import { checkOption, type Network, SegError } from '@seg/core';
import type * as tf from '@tensorflow/tfjs-core';
import type { ResEncUnet3dConfig } from './resenc/config.ts';
import { type ResEncUnet3d, resEncUnet3d } from './resenc/res-enc-unet3d.ts';
import type { Unet3dConfig } from './unet/config.ts';
import { type Unet3d, unet3d } from './unet/unet3d.ts';
import type { VnetConfig } from './vnet/config.ts';
import { type Vnet, vnet } from './vnet/vnet.ts';

/** A network as plain JSON: its kind and that kind's configuration. Every network's `config` is one. */
export type NetworkSpec =
  | ({ readonly kind: 'unet3d' } & Unet3dConfig)
  | ({ readonly kind: 'resEncUnet3d' } & ResEncUnet3dConfig)
  | ({ readonly kind: 'vnet' } & VnetConfig);

/** Whatever `createNetwork` can build. */
export type AnyNetwork = Unet3d | Unet3d<tf.Tensor5D[]> | ResEncUnet3d | ResEncUnet3d<tf.Tensor5D[]> | Vnet;

const kinds = ['unet3d', 'resEncUnet3d', 'vnet'] as const;

/**
 * Builds a network from plain JSON, such as the one that a checkpoint holds (`network.config`).
 *
 * @throws SegError `unknown-option` for another kind or field, `invalid-argument` for bad values.
 *
 * @example
 * const same = createNetwork(JSON.parse(JSON.stringify(network.config)));
 */
export function createNetwork(spec: NetworkSpec): AnyNetwork {
  if (typeof spec !== 'object' || spec === null) {
    throw new SegError('invalid-argument', {
      where: 'createNetwork',
      problem: 'the specification must be an object',
      got: spec,
    });
  }
  const { kind, ...config } = spec;
  switch (checkOption('createNetwork', 'kind', kind, kinds)) {
    case 'unet3d':
      return unet3d(config as Unet3dConfig);
    case 'resEncUnet3d':
      return resEncUnet3d(config as ResEncUnet3dConfig);
    case 'vnet':
      return vnet(config as VnetConfig);
  }
}

/** The network with its finest output alone, for validation and inference; same parameters, the other logits disposed. */
export function withoutDeepSupervision(network: Network<tf.Tensor5D> | Network<tf.Tensor5D[]>): Network<tf.Tensor5D> {
  return {
    ...network,
    apply: (params, x, ctx) => {
      const logits = network.apply(params, x, ctx);
      if (!Array.isArray(logits)) return logits;
      for (const coarse of logits.slice(1)) coarse.dispose();
      return logits[0]!;
    },
  };
}
