import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../fused/context.ts';
import type { GpuKernel } from './kernel.ts';
import { groupsFor, runProgram, typeFor, widthFor } from './program.ts';

type Shape5 = [number, number, number, number, number];
type Triple = [number, number, number];

interface PoolAttrs {
  readonly filterSize: Triple | number;
  readonly strides: Triple | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function infoOf(x: TensorInfo, attrs: Record<string, unknown>) {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as PoolAttrs;
  return backend_util.computePool3DInfo(x.shape as Shape5, filterSize, strides, 1, pad, dimRoundingMode);
}

/** Sizes as the programs take them; an invocation takes `width` channels. */
function sizesOf(info: ReturnType<typeof infoOf>, width: number) {
  return {
    channels: info.inChannels / width,
    inSize: [info.inDepth, info.inHeight, info.inWidth],
    outSize: [info.outDepth, info.outHeight, info.outWidth],
    window: [info.filterDepth, info.filterHeight, info.filterWidth],
    stride: [info.strideDepth, info.strideHeight, info.strideWidth],
    pad: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
  };
}

/** WGSL: place and sample of an element of a volume, offset of one, and the part of a window inside the volume. */
const places = `
struct Place { sample : i32, p : vec3<i32>, channel : i32 };

fn placeOf(index : i32, size : vec3<i32>) -> Place {
  let voxel = index / uniforms.channels;
  let row = voxel / size.z;
  let plane = row / size.y;
  let sample = plane / size.x;
  let p = vec3<i32>(plane - sample * size.x, row - plane * size.y, voxel - row * size.z);
  return Place(sample, p, index - voxel * uniforms.channels);
}

fn offsetOf(at : Place, p : vec3<i32>, size : vec3<i32>) -> i32 {
  return (((at.sample * size.x + p.x) * size.y + p.y) * size.z + p.z) * uniforms.channels + at.channel;
}

fn firstOf(window : vec3<i32>) -> vec3<i32> { return max(window * uniforms.stride - uniforms.pad, vec3<i32>(0)); }
fn endOf(window : vec3<i32>) -> vec3<i32> {
  return min(window * uniforms.stride - uniforms.pad + uniforms.window, uniforms.inSize);
}

// Windows that hold an input place: from the first whose end lies beyond it to the last that begins before.
fn firstWindow(p : vec3<i32>) -> vec3<i32> {
  let reach = max(p + uniforms.pad - uniforms.window + uniforms.stride, vec3<i32>(0));
  return reach / uniforms.stride;
}
fn endWindow(p : vec3<i32>) -> vec3<i32> { return min((p + uniforms.pad) / uniforms.stride + 1, uniforms.outSize); }
`;

const loop = (from: string, to: string, body: string) => `
  for (var z = ${from}.x; z < ${to}.x; z++) {
    for (var y = ${from}.y; y < ${to}.y; y++) {
      for (var x1 = ${from}.z; x1 < ${to}.z; x1++) {
        ${body}
      }
    }
  }`;

/** tfjs's `MaxPool3D`, also `SegMaxPool3D`: padding counts for nothing. */
export const maxPool3d: GpuKernel = (backend, { x }, attrs) => {
  const info = infoOf(x!, attrs);
  const width = widthFor(info.inChannels);
  const y = backend.makeTensorInfo(info.outShape, 'float32');
  const count = sizeOf(info.outShape) / width;
  runProgram(backend, {
    name: 'max pool',
    source: () => `${places}
fn main(index : i32) {
  if (index >= uniforms.count) { return; }
  let at = placeOf(index, uniforms.outSize);
  let first = firstOf(at.p);
  let end = endOf(at.p);
  // The least float; infinities have no literal.
  var best = ${typeFor(width)}(-0x1.fffffep+127);
  ${loop('first', 'end', 'best = max(best, x[offsetOf(at, vec3<i32>(z, y, x1), uniforms.inSize)]);')}
  result[index] = best;
}`,
    constants: { width },
    inputs: { x: x! },
    widths: { x: width, result: width },
    output: y,
    integers: { count, ...sizesOf(info, width) },
    groups: groupsFor(count),
  });
  return y;
};

/**
 * tfjs's `MaxPool3DGrad`, also `SegMaxPool3DGrad`: each input voxel collects from the windows of which it is the first
 * maximum, in (depth, height, width) order.
 */
export const maxPool3dGrad: GpuKernel = (backend, { dy, input, output }, attrs) => {
  const info = infoOf(input!, attrs);
  const dx = backend.makeTensorInfo(input!.shape, 'float32');
  const count = sizeOf(input!.shape);
  runProgram(backend, {
    name: 'max pool gradient',
    source: () => `${places}
// Whether no voxel of a window that comes before \`stop\` has the value.
fn isFirst(at : Place, window : vec3<i32>, value : f32, stop : vec3<i32>) -> bool {
  let first = firstOf(window);
  let end = endOf(window);
  ${loop(
    'first',
    'end',
    `if (z == stop.x && y == stop.y && x1 == stop.z) { return true; }
        if (x[offsetOf(at, vec3<i32>(z, y, x1), uniforms.inSize)] == value) { return false; }`,
  )}
  return true;
}

fn main(index : i32) {
  if (index >= uniforms.count) { return; }
  let at = placeOf(index, uniforms.inSize);
  let value = x[index];
  let first = firstWindow(at.p);
  let end = endWindow(at.p);
  var sum = 0.0;
  ${loop(
    'first',
    'end',
    `let window = vec3<i32>(z, y, x1);
        let place = offsetOf(at, window, uniforms.outSize);
        if (pooled[place] == value && isFirst(at, window, value, at.p)) { sum += dy[place]; }`,
  )}
  result[index] = sum;
}`,
    constants: {},
    inputs: { x: input!, dy: dy!, pooled: output! },
    output: dx,
    integers: { count, ...sizesOf(info, 1) },
    groups: groupsFor(count),
  });
  return dx;
};

/** tfjs's `AvgPool3DGrad`: a window's gradient in equal shares to its voxels inside the volume, as its mean was made. */
export const avgPool3dGrad: GpuKernel = (backend, { dy, input }, attrs) => {
  const info = infoOf(input!, attrs);
  const width = widthFor(info.inChannels);
  const dx = backend.makeTensorInfo(input!.shape, 'float32');
  const count = sizeOf(input!.shape) / width;
  runProgram(backend, {
    name: 'average pool gradient',
    source: () => `${places}
fn main(index : i32) {
  if (index >= uniforms.count) { return; }
  let at = placeOf(index, uniforms.inSize);
  let first = firstWindow(at.p);
  let end = endWindow(at.p);
  var sum = ${typeFor(width)}(0.0);
  ${loop(
    'first',
    'end',
    `let window = vec3<i32>(z, y, x1);
        let extent = endOf(window) - firstOf(window);
        sum += dy[offsetOf(at, window, uniforms.outSize)] / f32(extent.x * extent.y * extent.z);`,
  )}
  result[index] = sum;
}`,
    constants: { width },
    inputs: { dy: dy! },
    widths: { dy: width, result: width },
    output: dx,
    integers: { count, ...sizesOf(info, width) },
    groups: groupsFor(count),
  });
  return dx;
};
