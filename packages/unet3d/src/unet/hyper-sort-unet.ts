import type { Unet3dConfig } from './config.ts';
import { type Unet3d, unet3d } from './unet3d.ts';

export interface HyperSortUnetOptions {
  /** Channels of the finest level, doubled at each level down. Default 16. */
  readonly baseFeatures?: number;
  /** Number of downsamplings. Default 3. */
  readonly levels?: number;
  /** Convolutions of a level after its first. Default 3. */
  readonly convs?: number;
  /** Default 1. */
  readonly inputChannels?: number;
  /** Default 2. */
  readonly classes?: number;
  /** Less memory for more time, as in `Unet3dConfig`. Default false. */
  readonly recompute?: boolean;
}

/**
 * The main network of HyperSORT (MICCAI 2025), whose weights its hypernetwork generates: ReLU before an affine instance
 * norm, transposed convolutions of kernel 4 with ReLU and norm, a 3x3x3 head, PyTorch's default initialisation. With
 * the defaults it has 3,327,122 parameters.
 */
export function hyperSortUnet(options: HyperSortUnetOptions = {}): Unet3d {
  const { baseFeatures = 16, levels = 3, convs = 3, inputChannels = 1, classes = 2, recompute = false } = options;
  const config: Unet3dConfig & { readonly deepSupervision: false } = {
    inputChannels,
    classes,
    features: Array.from({ length: levels + 1 }, (_, l) => baseFeatures * 2 ** l),
    convsPerStage: convs + 1,
    decoderConvs: convs,
    activation: 'relu',
    order: 'conv-act-norm',
    upKernel: 'double',
    upBias: true,
    upBlock: true,
    headKernel: 3,
    init: 'torchDefault',
    deepSupervision: false,
    recompute,
  };
  return unet3d(config);
}
