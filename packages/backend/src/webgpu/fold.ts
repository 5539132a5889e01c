import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../fused/context.ts';
import { type GpuBackend, groupSize, runProgram, typeFor, type Width, widthFor } from './program.ts';

/** What is summed: [outer, parts, inner] over the parts, always in the same order. */
interface Fold {
  readonly parts: number;
  readonly inner: number;
}

/** Writes the sums of `partial` over its parts to `result`; few results are made by a workgroup each. */
export function foldParts(backend: GpuBackend, partial: TensorInfo, result: TensorInfo, fold: Fold): void {
  const width = widthFor(fold.inner);
  const count = sizeOf(result.shape) / width;
  const lanes = count < 16 * groupSize && fold.parts > 8 ? groupSize : 1;
  runProgram(backend, {
    name: 'fold',
    source: () => (lanes === 1 ? serialFold(width) : groupFold(width)),
    constants: { width, lanes },
    inputs: { partial },
    widths: { partial: width, result: width },
    output: result,
    integers: { parts: fold.parts, inner: fold.inner / width, count },
    groups: Math.ceil((count * lanes) / groupSize),
  });
}

const sumOver = (first: string, step: number) => `
  let start = (place / uniforms.inner) * uniforms.parts * uniforms.inner + place % uniforms.inner;
  for (var part = ${first}; part < uniforms.parts; part += ${step}) {
    sum += partial[start + part * uniforms.inner];
  }`;

const serialFold = (width: Width) => `
fn main(place : i32) {
  if (place >= uniforms.count) { return; }
  var sum = ${typeFor(width)}(0.0);
  ${sumOver('0', 1)}
  result[place] = sum;
}`;

const groupFold = (width: Width) => `
var<workgroup> sums : array<${typeFor(width)}, ${groupSize}>;
fn main(index : i32) {
  let lane = i32(localIndex);
  let place = min(index / ${groupSize}, uniforms.count - 1);
  var sum = ${typeFor(width)}(0.0);
  ${sumOver('lane', groupSize)}
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = ${groupSize / 2}; half > 0; half = half / 2) {
    if (lane < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  // A workgroup beyond the last repeats the last one.
  if (lane == 0) { result[place] = sums[0]; }
}`;
