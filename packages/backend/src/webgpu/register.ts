import { fusedKernels } from '@seg/ops';
import { conv3d, conv3dFilterGradient, conv3dInputGradient } from './conv/kernels.ts';
import { diceCrossEntropy } from './dice-cross-entropy.ts';
import { binary, pad, select, slice } from './high-rank.ts';
import { type GpuKernel, registerGpuKernel, wrapKernel } from './kernel.ts';
import { addN } from './many-inputs.ts';
import { normActivation } from './norm/forward.ts';
import { normActivationGrad } from './norm/gradient.ts';
import { avgPool3dGrad, maxPool3d, maxPool3dGrad } from './pool.ts';
import { resizeTrilinear, resizeTrilinearGrad } from './resize.ts';
import { addBiasGradient, sumOfSquares } from './sums.ts';
import { adamUpdate, sgdUpdate } from './updates.ts';

const binaryKernels = [
  'Add',
  'Sub',
  'Multiply',
  'RealDiv',
  'Maximum',
  'Minimum',
  'SquaredDifference',
  'FloorDiv',
  'Mod',
  'Pow',
  'Prelu',
  'Equal',
  'NotEqual',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
  'LogicalAnd',
  'LogicalOr',
];

const ownKernels: Readonly<Record<string, GpuKernel>> = {
  Conv3D: conv3d,
  Conv3DBackpropInputV2: conv3dInputGradient,
  Conv3DBackpropFilterV2: conv3dFilterGradient,
  [fusedKernels.conv3dBias]: conv3d,
  [fusedKernels.addBiasGrad]: addBiasGradient,
  [fusedKernels.normActivation]: normActivation,
  [fusedKernels.normActivationGrad]: normActivationGrad,
  [fusedKernels.diceCrossEntropy]: diceCrossEntropy,
  MaxPool3D: maxPool3d,
  MaxPool3DGrad: maxPool3dGrad,
  AvgPool3DGrad: avgPool3dGrad,
  [fusedKernels.maxPool3d]: maxPool3d,
  [fusedKernels.maxPool3dGrad]: maxPool3dGrad,
  [fusedKernels.resizeTrilinear]: resizeTrilinear,
  [fusedKernels.resizeTrilinearGrad]: resizeTrilinearGrad,
  [fusedKernels.sgdUpdate]: sgdUpdate,
  [fusedKernels.adamUpdate]: adamUpdate,
  [fusedKernels.sumOfSquares]: sumOfSquares,
};

/** Registers our kernels for tfjs's backend `webgpu`: faster ones, and those that are wrong or missing there. */
export function registerWebgpuKernels(): void {
  for (const [name, kernel] of Object.entries(ownKernels)) registerGpuKernel(name, kernel);
  for (const name of binaryKernels) wrapKernel(name, binary);
  wrapKernel('AddN', addN);
  wrapKernel('PadV2', pad);
  wrapKernel('Slice', slice);
  wrapKernel('Select', select);
}
