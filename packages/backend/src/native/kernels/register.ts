import { fusedKernels } from '@seg/ops';
import { backend, type NamedAttrMap, type NamedTensorInfoMap, type TensorInfo, tidy } from '@tensorflow/tfjs-core';
import { overrideKernel } from '../../override-kernel.ts';
import type { NodeBackend } from '../load-binding.ts';
import { registerFilterGradient } from './filter-gradient.ts';
import { maxPool3d, maxPool3dGrad } from './max-pool.ts';
import { normActivation, normActivationGrad } from './norm.ts';
import { addBias, addBiasGrad, sumOfSquares } from './reductions.ts';
import type { NativeKernel } from './tensorflow-ops.ts';

/** Registers the fused kernels of @seg/ops for tfjs's backend `tensorflow`, which must be current. */
export function registerNativeKernels(): void {
  const kernels: Record<string, NativeKernel> = {
    [fusedKernels.addBias]: addBias,
    [fusedKernels.addBiasGrad]: addBiasGrad,
    [fusedKernels.sumOfSquares]: sumOfSquares,
    [fusedKernels.maxPool3d]: maxPool3d,
    [fusedKernels.maxPool3dGrad]: maxPool3dGrad,
  };
  // cuDNN keeps the inverse deviation where the processor's kernel keeps the variance; composed ops are right on both.
  if (!(backend() as unknown as NodeBackend).isUsingGpuDevice) {
    registerFilterGradient();
    kernels[fusedKernels.normActivation] = normActivation;
    kernels[fusedKernels.normActivationGrad] = normActivationGrad;
  }
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    overrideKernel({
      kernelName,
      backendName: 'tensorflow',
      kernelFunc: ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }) =>
        tidy(() => kernel(inputs as Record<string, TensorInfo>, (attrs ?? {}) as Record<string, unknown>)),
    });
  }
}
