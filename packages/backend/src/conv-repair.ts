import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { overrideKernel } from './override-kernel.ts';
import type { KernelRuntime } from './runtime/kernel-runtime.ts';

type Triple = [number, number, number];
type Shape5 = [number, number, number, number, number];
type ConvInfo = backend_util.Conv3DInfo;

/** Plain loops in place of tfjs's 3-D convolution gradients on wasm, which are wrong. */
export function registerConvRepair(runtime: KernelRuntime): void {
  const view = (info: TensorInfo) =>
    new Float32Array(
      runtime.memory.buffer,
      runtime.pointer(info),
      info.shape.reduce((a, b) => a * b, 1),
    );
  overrideKernel({
    kernelName: 'Conv3DBackpropInputV2',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
      const { strides, pad, inputShape } = attrs as unknown as { strides: Triple; pad: 'same'; inputShape: Shape5 };
      const info = backend_util.computeConv3DInfo(inputShape, filter.shape as Shape5, strides, [1, 1, 1], pad);
      const out = runtime.makeOutput(inputShape, 'float32');
      const [g, w, dx] = [view(dy), view(filter), view(out)];
      dx.fill(0);
      const { inChannels: ci, outChannels: co } = info;
      forEachTap(info, (x, y, t) => {
        for (let i = 0; i < ci; i++) {
          let sum = 0;
          for (let o = 0; o < co; o++) sum += g[y * co + o]! * w[(t * ci + i) * co + o]!;
          dx[x * ci + i]! += sum;
        }
      });
      return out;
    },
  });
  overrideKernel({
    kernelName: 'Conv3DBackpropFilterV2',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
      const { strides, pad, filterShape } = attrs as unknown as { strides: Triple; pad: 'same'; filterShape: Shape5 };
      const info = backend_util.computeConv3DInfo(x.shape as Shape5, filterShape, strides, [1, 1, 1], pad);
      const out = runtime.makeOutput(filterShape, 'float32');
      const [v, g, dw] = [view(x), view(dy), view(out)];
      const sums = new Float64Array(dw.length);
      const { inChannels: ci, outChannels: co } = info;
      forEachTap(info, (xi, yi, t) => {
        for (let i = 0; i < ci; i++) {
          const a = v[xi * ci + i]!;
          for (let o = 0; o < co; o++) sums[(t * ci + i) * co + o]! += a * g[yi * co + o]!;
        }
      });
      dw.set(sums);
      return out;
    },
  });
}

/** Calls back with the input voxel, the output voxel and the tap of every pair that the convolution joins. */
function forEachTap(info: ConvInfo, visit: (input: number, output: number, tap: number) => void): void {
  const { front, top, left } = info.padInfo;
  for (let n = 0; n < info.batchSize; n++)
    for (let d = 0; d < info.outDepth; d++)
      for (let h = 0; h < info.outHeight; h++)
        for (let w = 0; w < info.outWidth; w++) {
          const output = ((n * info.outDepth + d) * info.outHeight + h) * info.outWidth + w;
          for (let i = 0; i < info.filterDepth; i++)
            for (let j = 0; j < info.filterHeight; j++)
              for (let k = 0; k < info.filterWidth; k++) {
                const z = d * info.strideDepth - front + i;
                const y = h * info.strideHeight - top + j;
                const x = w * info.strideWidth - left + k;
                if (z < 0 || y < 0 || x < 0 || z >= info.inDepth || y >= info.inHeight || x >= info.inWidth) continue;
                const input = ((n * info.inDepth + z) * info.inHeight + y) * info.inWidth + x;
                visit(input, output, (i * info.filterHeight + j) * info.filterWidth + k);
              }
        }
}
