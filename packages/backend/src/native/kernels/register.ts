import { fusedKernels } from '@seg/ops';
import { type NamedAttrMap, type NamedTensorInfoMap, type TensorInfo, tidy } from '@tensorflow/tfjs-core';
import { overrideKernel } from '../../override-kernel.ts';
import { conv3dBias } from './conv-bias.ts';
import { diceCrossEntropy } from './dice-cross-entropy.ts';
import { registerFilterGradient } from './filter-gradient.ts';
import { maxPool3d, maxPool3dGrad } from './max-pool.ts';
import { registerNarrowConvolution } from './narrow-convolution.ts';
import { normActivation, normActivationGrad } from './norm.ts';
import { addBias, addBiasGrad, sumOfSquares } from './reductions.ts';
import { type NativeKernel, nodeBackend } from './tensorflow-ops.ts';
import { adamUpdate, sgdUpdate } from './updates.ts';

const everywhere: Readonly<Record<string, NativeKernel>> = {
  [fusedKernels.addBias]: addBias,
  [fusedKernels.addBiasGrad]: addBiasGrad,
  [fusedKernels.sumOfSquares]: sumOfSquares,
};

/** Kernels that rest on ops of our own (packages/backend/native), which are made for the processor. */
const onProcessor: Readonly<Record<string, NativeKernel>> = {
  [fusedKernels.normActivation]: normActivation,
  [fusedKernels.normActivationGrad]: normActivationGrad,
  [fusedKernels.diceCrossEntropy]: diceCrossEntropy,
  [fusedKernels.maxPool3d]: maxPool3d,
  [fusedKernels.maxPool3dGrad]: maxPool3dGrad,
  [fusedKernels.conv3dBias]: conv3dBias,
  [fusedKernels.sgdUpdate]: sgdUpdate,
  [fusedKernels.adamUpdate]: adamUpdate,
};

/** Registers the fused kernels of @seg/ops for tfjs's backend `tensorflow`, which must be current. */
export function registerNativeKernels(): void {
  const onGpu = nodeBackend().isUsingGpuDevice;
  if (!onGpu) {
    registerFilterGradient();
    registerNarrowConvolution();
  }
  for (const [kernelName, kernel] of Object.entries(onGpu ? everywhere : { ...everywhere, ...onProcessor })) {
    overrideKernel({
      kernelName,
      backendName: 'tensorflow',
      kernelFunc: ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }) =>
        tidy(() => kernel(inputs as Record<string, TensorInfo>, (attrs ?? {}) as Record<string, unknown>)),
    });
  }
}
