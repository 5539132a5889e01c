import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type GpuBackend, groupSize, groupsFor, runProgram } from '../program.ts';
import type { NormProblem } from './problem.ts';

/**
 * Mean and inverse standard deviation of each sample and group. Each invocation follows one channel through every
 * so-many-th position with Welford's update, and a workgroup a group merges what they found (Chan, Golub and LeVeque
 * 1983): no difference of large sums, and the same order in every run.
 *
 * @returns two tensors [samples, groups]
 */
export function normStatistics(backend: GpuBackend, x: TensorInfo, problem: NormProblem): [TensorInfo, TensorInfo] {
  const { samples, groups, positions, channels, parts } = problem;
  // Mean and sum of squared differences to it.
  const partial = backend.makeTensorInfo([samples, parts, channels, 2], 'float32');
  runProgram(backend, {
    name: 'norm moments',
    source: () => momentsSource,
    constants: {},
    inputs: { x },
    widths: { result: 2 },
    output: partial,
    integers: { samples, positions, parts, channels },
    groups: groupsFor(samples * parts * channels),
  });
  const merge = (inverseDeviation: boolean) => {
    const result = backend.makeTensorInfo([samples, groups], 'float32');
    runProgram(backend, {
      name: 'norm merge',
      source: () => mergeSource(inverseDeviation),
      constants: { inverseDeviation },
      inputs: { partial },
      widths: { partial: 2 },
      output: result,
      integers: { count: samples * groups, groups, size: channels / groups, positions, parts, channels },
      floats: { epsilon: problem.epsilon },
      groups: samples * groups,
    });
    return result;
  };
  const statistics: [TensorInfo, TensorInfo] = [merge(false), merge(true)];
  backend.disposeData(partial.dataId);
  return statistics;
}

const momentsSource = `
fn main(index : i32) {
  let row = index / uniforms.channels;
  let sample = row / uniforms.parts;
  if (sample >= uniforms.samples) { return; }
  let part = row % uniforms.parts;
  let start = sample * uniforms.positions * uniforms.channels + index % uniforms.channels;
  var mean = 0.0;
  var squares = 0.0;
  var count = 0.0;
  for (var p = part; p < uniforms.positions; p += uniforms.parts) {
    let value = x[start + p * uniforms.channels];
    let difference = value - mean;
    count += 1.0;
    mean += difference / count;
    squares += difference * (value - mean);
  }
  result[index] = vec2<f32>(mean, squares);
}`;

const mergeSource = (inverseDeviation: boolean) => `
// Mean, sum of squared differences, count.
var<workgroup> moments : array<vec3<f32>, ${groupSize}>;

fn merged(a : vec3<f32>, b : vec3<f32>) -> vec3<f32> {
  if (b.z == 0.0) { return a; }
  let count = a.z + b.z;
  let difference = b.x - a.x;
  let share = b.z / count;
  return vec3<f32>(a.x + difference * share, a.y + b.y + difference * difference * a.z * share, count);
}

fn main(index : i32) {
  let lane = i32(localIndex);
  let group = min(index / ${groupSize}, uniforms.count - 1);
  let sample = group / uniforms.groups;
  let firstChannel = (group % uniforms.groups) * uniforms.size;
  var own = vec3<f32>(0.0);
  for (var i = lane; i < uniforms.parts * uniforms.size; i += ${groupSize}) {
    let part = i / uniforms.size;
    let channel = firstChannel + i - part * uniforms.size;
    let found = partial[(sample * uniforms.parts + part) * uniforms.channels + channel];
    let count = (uniforms.positions - part + uniforms.parts - 1) / uniforms.parts;
    own = merged(own, vec3<f32>(found, f32(count)));
  }
  moments[lane] = own;
  workgroupBarrier();
  for (var half = ${groupSize / 2}; half > 0; half = half / 2) {
    if (lane < half) { moments[lane] = merged(moments[lane], moments[lane + half]); }
    workgroupBarrier();
  }
  if (lane == 0) {
    let all = moments[0];
    result[group] = ${inverseDeviation ? '1.0 / sqrt(all.y / all.z + uniforms.epsilon)' : 'all.x'};
  }
}`;
