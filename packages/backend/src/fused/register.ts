import { fusedKernels } from '@seg/ops';
import type { KernelConfig, NamedAttrMap } from '@tensorflow/tfjs-core';
import type { Convolution } from '../conv/convolution.ts';
import type { KernelOverrides } from '../override-kernel.ts';
import type { TfjsRuntime } from '../runtime/kernel-runtime.ts';
import { withFloats } from '../with-floats.ts';
import { addBias, addBiasGrad } from './bias.ts';
import { registerWasmKernel } from './context.ts';
import { conv3dBias } from './conv-bias.ts';
import { diceCrossEntropy } from './dice-cross-entropy.ts';
import { add, addN, multiply, sumOfSquares } from './elementwise.ts';
import { concat, identity, type PartialKernel, pack, pad, reverse, slice, split, tile, unpack } from './layout.ts';
import { maxPool3d, maxPool3dGrad } from './max-pool.ts';
import { normActivation, normActivationGrad } from './norm.ts';
import { mean, sum } from './reduce.ts';
import { resizeTrilinear, resizeTrilinearGrad } from './resize.ts';
import { adamUpdate, sgdUpdate } from './updates.ts';

/** Registers the fused kernels of @seg/ops and faster forms of tfjs's own kernels for the wasm backend. */
export function registerFusedKernels(overrides: KernelOverrides, runtime: TfjsRuntime, convolution: Convolution): void {
  const ofFloats = {
    [fusedKernels.normActivation]: normActivation,
    [fusedKernels.normActivationGrad]: normActivationGrad,
    [fusedKernels.diceCrossEntropy]: diceCrossEntropy,
    [fusedKernels.resizeTrilinear]: resizeTrilinear,
    [fusedKernels.resizeTrilinearGrad]: resizeTrilinearGrad,
    [fusedKernels.conv3dBias]: conv3dBias(convolution),
    [fusedKernels.addBias]: addBias,
    [fusedKernels.addBiasGrad]: addBiasGrad,
    [fusedKernels.sumOfSquares]: sumOfSquares,
    MaxPool3D: maxPool3d,
    MaxPool3DGrad: maxPool3dGrad,
    [fusedKernels.maxPool3d]: maxPool3d,
    [fusedKernels.maxPool3dGrad]: maxPool3dGrad,
  };
  for (const [name, kernel] of Object.entries(ofFloats)) {
    registerWasmKernel(overrides, runtime, name, (_, inputs, attrs) =>
      withFloats(runtime, inputs, (floats) => kernel(runtime, floats, attrs)),
    );
  }
  const asTheyAre = {
    [fusedKernels.sgdUpdate]: sgdUpdate,
    [fusedKernels.adamUpdate]: adamUpdate,
    Identity: identity,
  };
  for (const [name, kernel] of Object.entries(asTheyAre)) registerWasmKernel(overrides, runtime, name, kernel);
  const partial = {
    Slice: slice,
    SplitV: split,
    Concat: concat,
    PadV2: pad,
    Pack: pack,
    Unpack: unpack,
    Tile: tile,
    Reverse: reverse,
    Add: add,
    AddN: addN,
    Multiply: multiply,
    Sum: sum,
    Mean: mean,
  };
  for (const [name, kernel] of Object.entries(partial)) registerPartial(overrides, runtime, name, kernel);
}

function registerPartial(overrides: KernelOverrides, runtime: TfjsRuntime, name: string, kernel: PartialKernel): void {
  const own: KernelConfig | undefined = registerWasmKernel(
    overrides,
    runtime,
    name,
    (_, inputs, attrs) =>
      kernel(runtime, inputs, attrs) ??
      own!.kernelFunc({ inputs, attrs: attrs as NamedAttrMap, backend: runtime.backend }),
  );
}
