import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../fused/context.ts';
import type { GpuKernel } from './kernel.ts';
import { type GpuBackend, groupsFor, runProgram, typeFor, type Width, widthFor } from './program.ts';

type Triple = readonly [number, number, number];

/**
 * WGSL: place i of `large` places lies between place `low` of `small` places and the next, at `weight` of the way
 * (half-pixel centres, edges clamped). In whole numbers as far as it goes, so that large volumes lose nothing.
 */
const interpolation = `
struct Between { low : vec3<i32>, high : vec3<i32>, weight : vec3<f32> };

fn between(i : vec3<i32>) -> Between {
  let double = 2 * uniforms.newSize;
  let place = clamp((2 * i + 1) * uniforms.oldSize - uniforms.newSize, vec3<i32>(0), (uniforms.oldSize - 1) * double);
  let low = place / double;
  return Between(low, min(low + 1, uniforms.oldSize - 1), vec3<f32>(place - low * double) / vec3<f32>(double));
}

fn offsetOf(sample : i32, p : vec3<i32>, size : vec3<i32>, channel : i32) -> i32 {
  return (((sample * size.x + p.x) * size.y + p.y) * size.z + p.z) * uniforms.channels + channel;
}
`;

/** WGSL: sample, place and channel of `index` in a volume. */
const unravel = (size: string) => `
  let voxel = index / uniforms.channels;
  let channel = index - voxel * uniforms.channels;
  let row = voxel / ${size}.z;
  let plane = row / ${size}.y;
  let sample = plane / ${size}.x;
  let p = vec3<i32>(plane - sample * ${size}.x, row - plane * ${size}.y, voxel - row * ${size}.z);`;

interface Resize {
  readonly oldSize: Triple;
  readonly newSize: Triple;
}

function run(backend: GpuBackend, name: string, from: TensorInfo, to: TensorInfo, sizes: Resize): TensorInfo {
  const channels = to.shape[4]!;
  const width = widthFor(channels);
  const count = sizeOf(to.shape) / width;
  runProgram(backend, {
    name,
    source: () => `${interpolation}${name === 'resize' ? forward : gradient(width)}`,
    constants: { width },
    inputs: { x: from },
    widths: { x: width, result: width },
    output: to,
    integers: { count, channels: channels / width, oldSize: sizes.oldSize, newSize: sizes.newSize },
    groups: groupsFor(count),
  });
  return to;
}

const spatial = (x: TensorInfo) => x.shape.slice(1, 4) as unknown as Triple;

/** The kernel `SegResizeTrilinear`. */
export const resizeTrilinear: GpuKernel = (backend, { x }, attrs) => {
  const newSize = attrs.size as Triple;
  const y = backend.makeTensorInfo([x!.shape[0]!, ...newSize, x!.shape[4]!], 'float32');
  return run(backend, 'resize', x!, y, { oldSize: spatial(x!), newSize });
};

/** The kernel `SegResizeTrilinearGrad`. */
export const resizeTrilinearGrad: GpuKernel = (backend, { dy }, attrs) => {
  const oldSize = attrs.inputSize as Triple;
  const dx = backend.makeTensorInfo([dy!.shape[0]!, ...oldSize, dy!.shape[4]!], 'float32');
  return run(backend, 'resize gradient', dy!, dx, { oldSize, newSize: spatial(dy!) });
};

const corner = (z: string, y: string, x: string) =>
  `x[offsetOf(sample, vec3<i32>(b.${z}.x, b.${y}.y, b.${x}.z), uniforms.oldSize, channel)]`;
const line = (z: string, y: string) => `mix(${corner(z, y, 'low')}, ${corner(z, y, 'high')}, b.weight.z)`;

const forward = `
fn main(index : i32) {
  if (index >= uniforms.count) { return; }
  ${unravel('uniforms.newSize')}
  let b = between(p);
  let lower = mix(${line('low', 'low')}, ${line('low', 'high')}, b.weight.y);
  let upper = mix(${line('high', 'low')}, ${line('high', 'high')}, b.weight.y);
  result[index] = mix(lower, upper, b.weight.x);
}`;

// Every new place that interpolates from an old one lies less than one old place from it; the bounds are a place wider,
// and the weight says which belong.
const gradient = (width: Width) => `
fn share(i : i32, axis : i32, old : i32) -> f32 {
  let b = between(vec3<i32>(i));
  var weight = 0.0;
  if (b.low[axis] == old) { weight += 1.0 - b.weight[axis]; }
  if (b.high[axis] == old) { weight += b.weight[axis]; }
  return weight;
}

fn main(index : i32) {
  if (index >= uniforms.count) { return; }
  ${unravel('uniforms.oldSize')}
  let double = 2 * uniforms.oldSize;
  var first = max(((2 * p - 1) * uniforms.newSize) / double - 2, vec3<i32>(0));
  var end = min(((2 * p + 3) * uniforms.newSize) / double + 2, uniforms.newSize);
  // Beyond the outermost centres, places are clamped to the edge.
  first = select(first, vec3<i32>(0), p == vec3<i32>(0));
  end = select(end, uniforms.newSize, p == uniforms.oldSize - 1);
  var sum = ${typeFor(width)}(0.0);
  for (var z = first.x; z < end.x; z++) {
    let depthShare = share(z, 0, p.x);
    if (depthShare == 0.0) { continue; }
    for (var y = first.y; y < end.y; y++) {
      let heightShare = depthShare * share(y, 1, p.y);
      if (heightShare == 0.0) { continue; }
      for (var x1 = first.z; x1 < end.z; x1++) {
        let weight = heightShare * share(x1, 2, p.z);
        if (weight != 0.0) { sum += weight * x[offsetOf(sample, vec3<i32>(z, y, x1), uniforms.newSize, channel)]; }
      }
    }
  }
  result[index] = sum;
}`;
