import { fusedKernels } from '@seg/ops';
import { getKernel, type KernelConfig, type NamedAttrMap, type NamedTensorInfoMap } from '@tensorflow/tfjs-core';
import type { Convolution } from '../conv/convolution.ts';
import type { TfjsRuntime } from '../runtime/kernel-runtime.ts';
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

/** tfjs's own kernels, kept from the first registration on for what ours do not cover. */
const stock = new Map<string, KernelConfig>();

/** Registers the fused kernels of @seg/ops and faster forms of tfjs's own kernels for the wasm backend. */
export function registerFusedKernels(runtime: TfjsRuntime, convolution: Convolution): void {
  const whole = {
    [fusedKernels.normActivation]: normActivation,
    [fusedKernels.normActivationGrad]: normActivationGrad,
    [fusedKernels.diceCrossEntropy]: diceCrossEntropy,
    [fusedKernels.resizeTrilinear]: resizeTrilinear,
    [fusedKernels.resizeTrilinearGrad]: resizeTrilinearGrad,
    [fusedKernels.conv3dBias]: conv3dBias(convolution),
    [fusedKernels.addBias]: addBias,
    [fusedKernels.addBiasGrad]: addBiasGrad,
    [fusedKernels.sgdUpdate]: sgdUpdate,
    [fusedKernels.adamUpdate]: adamUpdate,
    [fusedKernels.sumOfSquares]: sumOfSquares,
    MaxPool3D: maxPool3d,
    MaxPool3DGrad: maxPool3dGrad,
    [fusedKernels.maxPool3d]: maxPool3d,
    [fusedKernels.maxPool3dGrad]: maxPool3dGrad,
    Identity: identity,
  };
  for (const [name, kernel] of Object.entries(whole)) registerWasmKernel(runtime, name, kernel);
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
  for (const [name, kernel] of Object.entries(partial)) registerPartial(runtime, name, kernel);
}

function registerPartial(runtime: TfjsRuntime, name: string, kernel: PartialKernel): void {
  const own = stock.get(name) ?? getKernel(name, 'wasm');
  if (own !== undefined) stock.set(name, own);
  registerWasmKernel(runtime, name, (_, inputs, attrs) => {
    const result = kernel(runtime, inputs, attrs);
    return result ?? callStock(name, runtime, inputs, attrs);
  });
}

function callStock(name: string, runtime: TfjsRuntime, inputs: NamedTensorInfoMap, attrs: Record<string, unknown>) {
  return stock.get(name)!.kernelFunc({ inputs, attrs: attrs as NamedAttrMap, backend: runtime.backend });
}
