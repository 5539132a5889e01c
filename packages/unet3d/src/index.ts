export type { DropoutConfig } from './layers/dropout-plan.ts';
export type { ConfiguredNetwork } from './network.ts';
export {
  type ImportTorchOptions,
  importTorchUnet,
  type TorchTensor,
  torchUnetName,
} from './torch/import-torch-unet.ts';
export { type ResolvedUnet3dConfig, type Unet3dConfig, unet3dConfig } from './unet/config.ts';
export { type HyperSortUnetOptions, hyperSortUnet } from './unet/hyper-sort-unet.ts';
export { type Unet3d, type Unet3dSpec, unet3d } from './unet/unet3d.ts';
