import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../fused/context.ts';
import { adamNumbers, sgdNumbers } from '../update-numbers.ts';
import type { GpuKernel } from './kernel.ts';
import { type GpuBackend, groupsFor, runInPlace } from './program.ts';

/** Gives every number of `output` the value of a WGSL expression over `result[i]` and the inputs. */
function update(
  backend: GpuBackend,
  name: string,
  output: TensorInfo,
  inputs: Record<string, TensorInfo>,
  floats: Record<string, number>,
  value: string,
): void {
  const count = sizeOf(output.shape);
  runInPlace(backend, {
    name,
    source: () => `
fn main(i : i32) {
  if (i >= uniforms.count) { return; }
  result[i] = ${value};
}`,
    constants: {},
    inputs,
    output,
    integers: { count },
    floats,
    groups: groupsFor(count),
  });
}

/** The kernel `SegSgdUpdate`: in place, the velocity first. */
export const sgdUpdate: GpuKernel = (backend, { param, grad, velocity }, attrs) => {
  const [learningRate, momentum, weightDecay, gradScale, nesterov] = sgdNumbers(attrs) as Five;
  const decayed = (weights: string) => `uniforms.gradScale * grad[i] + uniforms.weightDecay * ${weights}`;
  const floats = { momentum, gradScale, weightDecay };
  const ofVelocity = `uniforms.momentum * result[i] + ${decayed('param[i]')}`;
  update(backend, 'sgd velocity', velocity!, { grad: grad!, param: param! }, floats, ofVelocity);
  if (nesterov === 1) {
    const value = `result[i] - uniforms.learningRate * (${decayed('result[i]')} + uniforms.momentum * velocity[i])`;
    const inputs = { grad: grad!, velocity: velocity! };
    update(backend, 'sgd nesterov', param!, inputs, { ...floats, learningRate }, value);
  } else {
    const value = 'result[i] - uniforms.learningRate * velocity[i]';
    update(backend, 'sgd', param!, { velocity: velocity! }, { learningRate }, value);
  }
  return [];
};

/** The kernel `SegAdamUpdate`: in place, both moments first. */
export const adamUpdate: GpuKernel = (backend, { param, grad, first, second }, attrs) => {
  const [rate, beta1, beta2, rest1, rest2, correction, epsilon, decay, keep, gradScale] = adamNumbers(attrs) as Ten;
  const g = '(uniforms.gradScale * grad[i] + uniforms.decay * param[i])';
  const inputs = { grad: grad!, param: param! };
  const average = (of: string) => `uniforms.beta * result[i] + uniforms.rest * ${of}`;
  const mixed = (beta: number, rest: number) => ({ beta, rest, gradScale, decay });
  update(backend, 'adam first moment', first!, inputs, mixed(beta1, rest1), average(g));
  update(backend, 'adam second moment', second!, inputs, mixed(beta2, rest2), average(`${g} * ${g}`));
  const spread = '(sqrt(second[i]) * uniforms.correction + uniforms.epsilon)';
  const value = `uniforms.keep * result[i] - uniforms.rate * first[i] / ${spread}`;
  const floats = { keep, rate, correction, epsilon };
  update(backend, 'adam', param!, { first: first!, second: second! }, floats, value);
  return [];
};

type Five = [number, number, number, number, number];
type Ten = [...Five, ...Five];
