import { sizeOf } from '../../fused/context.ts';
import type { GpuKernel } from '../kernel.ts';
import { groupsFor, runProgram, typeFor } from '../program.ts';
import { normStatistics } from './moments.ts';
import { normProblem, perGroup } from './problem.ts';

/** The kernel `SegNormActivation`. */
export const normActivation: GpuKernel = (backend, { x, scale, offset }, attrs) => {
  const problem = normProblem(x!, attrs);
  const { samples, channels, groups, width, negativeSlope } = problem;
  const [mean, invStd] = normStatistics(backend, x!, problem);
  const y = backend.makeTensorInfo(x!.shape, 'float32');
  const count = sizeOf(x!.shape) / width;
  runProgram(backend, {
    name: 'norm apply',
    source: () => `
fn main(index : i32) {
  if (index >= uniforms.count) { return; }
  let sample = index / uniforms.sampleSize;
  let channel = (index % uniforms.row) * ${width};
  let factor = scale[channel / ${width}] * ${perGroup('invStd', width)};
  let z = factor * (x[index] - ${perGroup('mean', width)}) + offset[channel / ${width}];
  result[index] = select(z * uniforms.negativeSlope, z, z > ${typeFor(width)}(0.0));
}`,
    constants: { width },
    inputs: { x: x!, scale: scale!, offset: offset!, mean, invStd },
    widths: { result: width, x: width, scale: width, offset: width },
    output: y,
    integers: {
      count,
      sampleSize: count / samples,
      row: channels / width,
      groups,
      size: channels / groups,
    },
    floats: { negativeSlope },
    groups: groupsFor(count),
  });
  return [y, mean, invStd];
};
