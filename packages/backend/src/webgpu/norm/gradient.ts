import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../fused/context.ts';
import { foldParts } from '../fold.ts';
import type { GpuKernel } from '../kernel.ts';
import { type GpuBackend, groupsFor, runProgram, typeFor } from '../program.ts';
import { type NormProblem, normProblem, perGroup } from './problem.ts';

type Inputs = Readonly<Record<'x' | 'scale' | 'offset' | 'mean' | 'invStd' | 'dy', TensorInfo>>;

/** The kernel `SegNormActivationGrad`. */
export const normActivationGrad: GpuKernel = (backend, inputs, attrs) => {
  const { x } = inputs as Inputs;
  const problem = normProblem(x, attrs);
  const sums = channelSums(backend, inputs as Inputs, problem);
  const gradients = parameterGradients(backend, sums, problem);
  const means = groupMeans(backend, sums, inputs as Inputs, problem);
  const dx = inputGradient(backend, inputs as Inputs, means, problem);
  backend.disposeData(sums.dataId);
  backend.disposeData(means.dataId);
  return [dx, ...gradients];
};

/** WGSL: the normalised value and the gradient before the activation, as `normalised` and `g`. */
const beforeActivation = (width: 1 | 4) => `
  let invStdHere = ${perGroup('invStd', width)};
  let normalised = (x[at] - ${perGroup('mean', width)}) * invStdHere;
  let scaleHere = scale[channel / ${width}];
  let z = scaleHere * normalised + offset[channel / ${width}];
  let g = dy[at] * select(${typeFor(width)}(uniforms.negativeSlope), ${typeFor(width)}(1.0), z > ${typeFor(width)}(0.0));`;

/** [samples, channels, 2]: sums over the positions of g and of g times the normalised value. */
function channelSums(backend: GpuBackend, inputs: Inputs, problem: NormProblem): TensorInfo {
  const { samples, positions, channels, groups, parts, negativeSlope } = problem;
  const { x, scale, offset, mean, invStd, dy } = inputs;
  const partial = backend.makeTensorInfo([samples, parts, channels, 2], 'float32');
  runProgram(backend, {
    name: 'norm gradient sums',
    source: () => `
fn main(index : i32) {
  let row = index / uniforms.channels;
  let sample = row / uniforms.parts;
  if (sample >= uniforms.samples) { return; }
  let channel = index % uniforms.channels;
  var sums = vec2<f32>(0.0);
  for (var p = row % uniforms.parts; p < uniforms.positions; p += uniforms.parts) {
    let at = (sample * uniforms.positions + p) * uniforms.channels + channel;
    ${beforeActivation(1)}
    sums += vec2<f32>(g, g * normalised);
  }
  result[index] = sums;
}`,
    constants: {},
    inputs: { x, scale, offset, mean, invStd, dy },
    widths: { result: 2 },
    output: partial,
    integers: { samples, positions, parts, channels, groups, size: channels / groups },
    floats: { negativeSlope },
    groups: groupsFor(samples * parts * channels),
  });
  if (parts === 1) return partial;
  const sums = backend.makeTensorInfo([samples, channels, 2], 'float32');
  foldParts(backend, partial, sums, { parts, inner: 2 * channels });
  backend.disposeData(partial.dataId);
  return sums;
}

/** The gradients of scale and offset. */
function parameterGradients(backend: GpuBackend, sums: TensorInfo, { samples, channels }: NormProblem): TensorInfo[] {
  return [1, 0].map((component) => {
    const result = backend.makeTensorInfo([channels], 'float32');
    runProgram(backend, {
      name: 'norm parameter gradient',
      source: () => `
fn main(channel : i32) {
  if (channel >= uniforms.channels) { return; }
  var sum = 0.0;
  for (var sample = 0; sample < uniforms.samples; sample++) { sum += sums[sample * uniforms.channels + channel][${component}]; }
  result[channel] = sum;
}`,
      constants: { component },
      inputs: { sums },
      widths: { sums: 2 },
      output: result,
      integers: { samples, channels },
      groups: groupsFor(channels),
    });
    return result;
  });
}

/** [samples, groups, 2]: means over a group of scale * g, and of that times the normalised value. */
function groupMeans(backend: GpuBackend, sums: TensorInfo, { scale }: Inputs, problem: NormProblem): TensorInfo {
  const { samples, positions, channels, groups } = problem;
  const means = backend.makeTensorInfo([samples, groups, 2], 'float32');
  runProgram(backend, {
    name: 'norm group means',
    source: () => `
fn main(index : i32) {
  if (index >= uniforms.count) { return; }
  var sum = vec2<f32>(0.0);
  for (var i = 0; i < uniforms.size; i++) {
    let at = index * uniforms.size + i;
    sum += scale[at % uniforms.channels] * sums[at];
  }
  result[index] = sum / f32(uniforms.positions) / f32(uniforms.size);
}`,
    constants: {},
    inputs: { sums, scale },
    widths: { sums: 2, result: 2 },
    output: means,
    integers: { count: samples * groups, size: channels / groups, channels, positions },
    groups: groupsFor(samples * groups),
  });
  return means;
}

/** invStd * (scale * g - mean of that - normalised * mean of their product) (the gradient of Wu and He 2018, eq. 1). */
function inputGradient(backend: GpuBackend, inputs: Inputs, means: TensorInfo, problem: NormProblem): TensorInfo {
  const { samples, channels, groups, width, negativeSlope } = problem;
  const { x, scale, offset, mean, invStd, dy } = inputs;
  const dx = backend.makeTensorInfo(x.shape, 'float32');
  const count = sizeOf(x.shape) / width;
  runProgram(backend, {
    name: 'norm input gradient',
    source: () => `
fn main(at : i32) {
  if (at >= uniforms.count) { return; }
  let sample = at / uniforms.sampleSize;
  let channel = (at % uniforms.row) * ${width};
  ${beforeActivation(width)}
  let along = ${perGroup('means', width, '.x')};
  let product = ${perGroup('means', width, '.y')};
  result[at] = invStdHere * (scaleHere * g - along - normalised * product);
}`,
    constants: { width },
    inputs: { x, scale, offset, mean, invStd, dy, means },
    widths: { result: width, x: width, scale: width, offset: width, dy: width, means: 2 },
    output: dx,
    integers: { count, sampleSize: count / samples, row: channels / width, groups, size: channels / groups },
    floats: { negativeSlope },
    groups: groupsFor(count),
  });
  return dx;
}
