import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../fused/context.ts';
import { foldParts } from './fold.ts';
import type { GpuKernel } from './kernel.ts';
import { type GpuBackend, groupSize, groupsFor, runProgram } from './program.ts';

/** Numbers that one invocation sums up at least. */
const leastTerms = 64;
/** Invocations that fill a large GPU. */
const wantedInvocations = 2 ** 15;

/** Into how many interleaved parts [positions, channels] are cut for sums: position p belongs to part p % parts. */
export function interleavedParts(samples: number, positions: number, channels: number): number {
  const wanted = Math.ceil(wantedInvocations / (samples * channels));
  return Math.max(1, Math.min(wanted, Math.ceil(positions / leastTerms)));
}

/** Sums of x, or of its squares, over all positions of [positions, channels]. */
function sumPositions(backend: GpuBackend, x: TensorInfo, channels: number, squares: boolean): TensorInfo {
  const positions = sizeOf(x.shape) / channels;
  const parts = interleavedParts(1, positions, channels);
  const partial = backend.makeTensorInfo([parts, channels], 'float32');
  runProgram(backend, {
    name: 'sums',
    source: () => `
fn main(index : i32) {
  if (index >= uniforms.invocations) { return; }
  var sum = 0.0;
  for (var i = index; i < uniforms.count; i += uniforms.invocations) {
    sum += ${squares ? 'x[i] * x[i]' : 'x[i]'};
  }
  result[index] = sum;
}`,
    constants: { squares },
    inputs: { x },
    output: partial,
    integers: { invocations: parts * channels, count: positions * channels },
    groups: groupsFor(parts * channels),
  });
  const sums = backend.makeTensorInfo([channels], 'float32');
  foldParts(backend, partial, sums, { parts, inner: channels });
  backend.disposeData(partial.dataId);
  return sums;
}

/** The kernel `SegAddBiasGrad`. */
export const addBiasGradient: GpuKernel = (backend, { dy }) => sumPositions(backend, dy!, dy!.shape.at(-1)!, false);

/** The kernel `SegSumOfSquares`. */
export const sumOfSquares: GpuKernel = (backend, { x }) => {
  // Any regular cut will do: as many columns as a workgroup has invocations where they divide the size.
  const size = sizeOf(x!.shape);
  const columns = size % groupSize === 0 ? groupSize : 1;
  const sums = sumPositions(backend, x!, columns, true);
  if (columns === 1) return { ...sums, shape: [] };
  const total = backend.makeTensorInfo([], 'float32');
  foldParts(backend, sums, total, { parts: columns, inner: 1 });
  backend.disposeData(sums.dataId);
  return total;
};
