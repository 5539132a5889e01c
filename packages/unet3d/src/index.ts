export { type AnyNetwork, createNetwork, type NetworkSpec, withoutDeepSupervision } from './create-network.ts';
export type { DropoutConfig } from './layers/dropout-plan.ts';
export type { ConfiguredNetwork } from './network.ts';
export { type ResEncUnet3dConfig, type ResolvedResEncUnet3dConfig, resEncUnet3dConfig } from './resenc/config.ts';
export { type ResEncUnet3d, type ResEncUnet3dSpec, resEncUnet3d } from './resenc/res-enc-unet3d.ts';
export {
  type ImportTorchOptions,
  importTorchUnet,
  type TorchTensor,
  torchUnetName,
} from './torch/import-torch-unet.ts';
export { type ResolvedUnet3dConfig, type Unet3dConfig, unet3dConfig } from './unet/config.ts';
export { type HyperSortUnetOptions, hyperSortUnet } from './unet/hyper-sort-unet.ts';
export { type Unet3d, type Unet3dSpec, unet3d } from './unet/unet3d.ts';
export { type ResolvedVnetConfig, type VnetConfig, vnetConfig } from './vnet/config.ts';
export { type Vnet, type VnetSpec, vnet } from './vnet/vnet.ts';
