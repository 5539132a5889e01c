import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../fused/context.ts';
import type { DiceAttrs } from '../fused/dice-cross-entropy.ts';
import { foldParts } from './fold.ts';
import type { GpuKernel } from './kernel.ts';
import { type GpuBackend, groupsFor, runProgram } from './program.ts';
import { interleavedParts } from './sums.ts';

interface Problem {
  readonly attrs: DiceAttrs;
  readonly samples: number;
  readonly voxels: number;
  readonly classes: number;
}

/** The kernel `SegDiceCrossEntropy`. */
export const diceCrossEntropy: GpuKernel = (backend, { logits, labels }, attrs) => {
  const samples = logits!.shape[0]!;
  const classes = logits!.shape.at(-1)!;
  const voxels = sizeOf(logits!.shape) / samples / classes;
  const problem: Problem = { attrs: attrs as unknown as DiceAttrs, samples, voxels, classes };
  const sums = sampleSums(backend, logits!, labels!, problem);
  const loss = backend.makeTensorInfo([], 'float32');
  overClasses(backend, 'loss value', lossSource, sums, loss, 1, problem);
  const terms = backend.makeTensorInfo([samples, classes, 2], 'float32');
  overClasses(backend, 'loss terms', termsSource, sums, terms, samples * classes, problem);
  const gradient = logitGradient(backend, { logits: logits!, labels: labels!, terms, sums }, problem);
  backend.disposeData(sums.dataId);
  backend.disposeData(terms.dataId);
  return [loss, gradient];
};

/** WGSL: the place of a voxel's logits in `at`, its label, and its softmax as `exp(logits[at + c] - top) / total`. */
const softmax = `
    let at = voxel * uniforms.classes;
    let label = labels[voxel];
    var top = logits[at];
    for (var c = 1; c < uniforms.classes; c++) { top = max(top, logits[at + c]); }
    var total = 0.0;
    for (var c = 0; c < uniforms.classes; c++) { total += exp(logits[at + c] - top); }`;

/**
 * [samples, 3 * classes + 2]: for each class overlap, probabilities and voxels; then cross-entropy and voxels that
 * count.
 */
function sampleSums(backend: GpuBackend, logits: TensorInfo, labels: TensorInfo, problem: Problem): TensorInfo {
  const { samples, voxels, classes, attrs } = problem;
  const entries = 3 * classes + 2;
  const parts = interleavedParts(samples, voxels, 1);
  const partial = backend.makeTensorInfo([samples, parts, entries], 'float32');
  runProgram(backend, {
    name: 'loss sums',
    source: () => `
fn main(index : i32) {
  let sample = index / uniforms.parts;
  if (sample >= uniforms.samples) { return; }
  var sums : array<f32, ENTRIES>;
  for (var v = index % uniforms.parts; v < uniforms.voxels; v += uniforms.parts) {
    let voxel = sample * uniforms.voxels + v;
    ${softmax}
    if (uniforms.ignoreLabel != -1 && label == uniforms.ignoreLabel) { continue; }
    for (var c = 0; c < uniforms.classes; c++) {
      let p = exp(logits[at + c] - top) / total;
      sums[3 * c + 1] += p;
      if (c == label) {
        sums[3 * c] += p;
        sums[3 * c + 2] += 1.0;
        sums[ENTRIES - 2] += log(total) + top - logits[at + c];
      }
    }
    sums[ENTRIES - 1] += 1.0;
  }
  for (var i = 0; i < ENTRIES; i++) { result[index * ENTRIES + i] = sums[i]; }
}`,
    constants: { ENTRIES: entries },
    inputs: { logits, labels },
    output: partial,
    integers: { samples, voxels, parts, classes, ignoreLabel: attrs.ignoreLabel },
    groups: groupsFor(samples * parts),
  });
  if (parts === 1) return partial;
  const sums = backend.makeTensorInfo([samples, entries], 'float32');
  foldParts(backend, partial, sums, { parts, inner: entries });
  backend.disposeData(partial.dataId);
  return sums;
}

/** WGSL: sums over the batch, and numerator and denominator of the Dice of a sample (or the batch) and class. */
const dice = `
fn inBatch(entry : i32) -> f32 {
  var sum = 0.0;
  for (var n = 0; n < uniforms.samples; n++) { sum += sums[n * uniforms.entries + entry]; }
  return sum;
}

fn ofSample(n : i32, entry : i32) -> f32 {
  if (uniforms.batchDice == 1) { return inBatch(entry); }
  return sums[n * uniforms.entries + entry];
}

fn numerator(n : i32, c : i32) -> f32 { return 2.0 * ofSample(n, 3 * c) + uniforms.smoothing; }
fn denominator(n : i32, c : i32) -> f32 {
  return ofSample(n, 3 * c + 1) + ofSample(n, 3 * c + 2) + uniforms.smoothing;
}
`;

const lossSource = `${dice}
fn main(index : i32) {
  if (index > 0) { return; }
  let rows = select(uniforms.samples, 1, uniforms.batchDice == 1);
  var sum = 0.0;
  for (var n = 0; n < rows; n++) {
    for (var c = uniforms.firstClass; c < uniforms.classes; c++) { sum += numerator(n, c) / denominator(n, c); }
  }
  let crossEntropy = inBatch(uniforms.entries - 2) / max(inBatch(uniforms.entries - 1), 1.0);
  result[0] = uniforms.crossEntropyWeight * crossEntropy + uniforms.diceWeight * (1.0 - sum / uniforms.ratios);
}`;

// The loss's derivative by a probability is [0] * (2 y - [1]).
const termsSource = `${dice}
fn main(index : i32) {
  if (index >= uniforms.samples * uniforms.classes) { return; }
  let n = index / uniforms.classes;
  let c = index - n * uniforms.classes;
  let whole = denominator(n, c);
  let factor = select(-uniforms.diceWeight / uniforms.ratios / whole, 0.0, c < uniforms.firstClass);
  result[index] = vec2<f32>(factor, numerator(n, c) / whole);
}`;

function overClasses(
  backend: GpuBackend,
  name: string,
  source: string,
  sums: TensorInfo,
  output: TensorInfo,
  count: number,
  { attrs, samples, classes }: Problem,
): void {
  const { diceWeight, crossEntropyWeight, batchDice } = attrs;
  const firstClass = attrs.includeBackground ? 0 : 1;
  runProgram(backend, {
    name,
    source: () => source,
    constants: {},
    inputs: { sums },
    widths: { result: source === termsSource ? 2 : 1 },
    output,
    integers: { samples, classes, entries: 3 * classes + 2, firstClass, batchDice: batchDice ? 1 : 0 },
    floats: {
      smoothing: attrs.smooth,
      diceWeight,
      crossEntropyWeight,
      ratios: (batchDice ? 1 : samples) * (classes - firstClass),
    },
    groups: groupsFor(count),
  });
}

function logitGradient(backend: GpuBackend, inputs: Record<string, TensorInfo>, problem: Problem): TensorInfo {
  const { samples, voxels, classes, attrs } = problem;
  const gradient = backend.makeTensorInfo(inputs.logits!.shape, 'float32');
  runProgram(backend, {
    name: 'loss gradient',
    source: () => `
fn main(voxel : i32) {
  if (voxel >= uniforms.samples * uniforms.voxels) { return; }
  ${softmax}
  if (uniforms.ignoreLabel != -1 && label == uniforms.ignoreLabel) {
    for (var c = 0; c < uniforms.classes; c++) { result[at + c] = 0.0; }
    return;
  }
  let firstTerm = (voxel / uniforms.voxels) * uniforms.classes;
  var mean = 0.0;
  for (var c = 0; c < uniforms.classes; c++) {
    let term = terms[firstTerm + c];
    mean += exp(logits[at + c] - top) / total * term.x * (select(0.0, 2.0, c == label) - term.y);
  }
  var counted = 0.0;
  for (var n = 0; n < uniforms.samples; n++) { counted += sums[(n + 1) * uniforms.entries - 1]; }
  // A label that is no class has no cross-entropy.
  let known = label >= 0 && label < uniforms.classes;
  let share = select(0.0, uniforms.crossEntropyWeight / max(counted, 1.0), known);
  for (var c = 0; c < uniforms.classes; c++) {
    let p = exp(logits[at + c] - top) / total;
    let y = select(0.0, 1.0, c == label);
    let term = terms[firstTerm + c];
    result[at + c] = share * (p - y) + p * (term.x * (2.0 * y - term.y) - mean);
  }
}`,
    constants: {},
    inputs,
    widths: { terms: 2 },
    output: gradient,
    integers: { samples, voxels, classes, entries: 3 * classes + 2, ignoreLabel: attrs.ignoreLabel },
    floats: { crossEntropyWeight: attrs.crossEntropyWeight },
    groups: groupsFor(samples * voxels),
  });
  return gradient;
}
