import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelRuntime } from '../runtime/kernel-runtime.ts';
import { doubles, floats, type Kernel, sizeOf, valuesOf, withScratch } from './context.ts';
import { partRange, partsFor } from './parts.ts';

/** What @seg/ops tells the kernel of the loss. */
export interface DiceAttrs {
  readonly crossEntropyWeight: number;
  readonly diceWeight: number;
  readonly smooth: number;
  readonly includeBackground: boolean;
  readonly batchDice: boolean;
  readonly ignoreLabel: number;
}

/** Sums over the voxels of one sample, or of the batch. */
interface Sums {
  crossEntropy: number;
  voxels: number;
  /** Per class: sum of p, of y, of p * y. */
  readonly classes: Float64Array;
}

/** The kernel `SegDiceCrossEntropy`. */
export const diceCrossEntropy: Kernel = (runtime, { logits, labels }, attributes) => {
  const attrs = attributes as unknown as DiceAttrs;
  const samples = logits!.shape[0]!;
  const classes = logits!.shape.at(-1)!;
  const voxels = sizeOf(logits!.shape.slice(1, -1));
  const parts = partsFor(Math.max(1, voxels), 4 * classes);
  const loss = runtime.makeOutput([], 'float32');
  const grad = runtime.makeOutput(logits!.shape, 'float32');
  const problem = {
    attrs,
    samples,
    classes,
    voxels,
    parts,
    labels: runtime.pointer(labels!),
    grad: runtime.pointer(grad),
  };
  const sums = forward(runtime, problem, runtime.pointer(logits!));
  const { value, table, perVoxel } = gradientTables(problem, sums);
  valuesOf(runtime, loss)[0] = value;
  backward(runtime, problem, table, perVoxel);
  return [loss, grad] as TensorInfo[];
};

interface Problem {
  readonly attrs: DiceAttrs;
  readonly samples: number;
  readonly classes: number;
  readonly voxels: number;
  readonly parts: number;
  readonly labels: number;
  readonly grad: number;
}

/** Leaves softmax probabilities in the gradient's place and returns the sums of each sample. */
function forward(runtime: KernelRuntime, problem: Problem, logits: number): Sums[] {
  const { attrs, samples, classes, voxels, parts, labels, grad } = problem;
  const block = 2 + 3 * classes;
  return withScratch(runtime, samples * parts * block * 8, ({ pointer }) => {
    runtime.run(
      'fused',
      'diceForward',
      samples * parts,
      (part) => {
        const at = Math.floor(part / parts) * voxels;
        const [first, end] = partRange(voxels, part % parts, parts);
        const [from, label, to] = [logits + at * classes * 4, labels + at * 4, grad + at * classes * 4];
        const ignoring = attrs.ignoreLabel === -1 ? 0 : 1;
        return [from, label, classes, first, end, attrs.ignoreLabel, ignoring, to, pointer + part * block * 8];
      },
      64 * classes,
    );
    const all = doubles(runtime, pointer, samples * parts * block);
    return Array.from({ length: samples }, (_, n) => {
      const total: Sums = { crossEntropy: 0, voxels: 0, classes: new Float64Array(3 * classes) };
      for (let part = n * parts; part < (n + 1) * parts; part++) {
        total.crossEntropy += all[part * block]!;
        total.voxels += all[part * block + 1]!;
        for (let i = 0; i < 3 * classes; i++) total.classes[i]! += all[part * block + 2 + i]!;
      }
      return total;
    });
  });
}

/** The loss, and for each sample [2][classes]: d loss / d p of the Dice term off and on the class's own voxels. */
function gradientTables({ attrs, samples, classes }: Problem, sums: readonly Sums[]) {
  const { crossEntropyWeight, diceWeight, smooth, includeBackground, batchDice } = attrs;
  const counted = Math.max(
    1,
    sums.reduce((total, s) => total + s.voxels, 0),
  );
  const crossEntropy = sums.reduce((total, s) => total + s.crossEntropy, 0) / counted;
  const ratios = batchDice ? [addSums(sums, classes)] : sums.map((s) => s.classes);
  const firstClass = includeBackground ? 0 : 1;
  const terms = Math.max(1, ratios.length * (classes - firstClass));
  const table = new Float32Array(samples * 2 * classes);
  let dice = 0;
  ratios.forEach((c, r) => {
    for (let k = firstClass; k < classes; k++) {
      const numerator = 2 * c[3 * k + 2]! + smooth;
      const denominator = c[3 * k]! + c[3 * k + 1]! + smooth;
      dice += numerator / denominator / terms;
      const off = (diceWeight * numerator) / (terms * denominator * denominator);
      for (let n = batchDice ? 0 : r; n < (batchDice ? samples : r + 1); n++) {
        table[n * 2 * classes + k] = off;
        table[n * 2 * classes + classes + k] = off - (2 * diceWeight) / (terms * denominator);
      }
    }
  });
  return {
    value: crossEntropyWeight * crossEntropy + diceWeight * (1 - dice),
    table,
    perVoxel: crossEntropyWeight / counted,
  };
}

function addSums(sums: readonly Sums[], classes: number): Float64Array {
  const total = new Float64Array(3 * classes);
  for (const s of sums) for (let i = 0; i < total.length; i++) total[i]! += s.classes[i]!;
  return total;
}

function backward(runtime: KernelRuntime, problem: Problem, table: Float32Array, perVoxel: number): void {
  const { attrs, samples, classes, voxels, parts, labels, grad } = problem;
  withScratch(runtime, table.byteLength, ({ pointer }) => {
    floats(runtime, pointer, table.length).set(table);
    runtime.run(
      'fused',
      'diceBackward',
      samples * parts,
      (part) => {
        const n = Math.floor(part / parts);
        const [first, end] = partRange(voxels, part % parts, parts);
        const [at, label] = [grad + n * voxels * classes * 4, labels + n * voxels * 4];
        const ignoring = attrs.ignoreLabel === -1 ? 0 : 1;
        return [at, label, classes, first, end, attrs.ignoreLabel, ignoring, pointer + n * 8 * classes, perVoxel];
      },
      32 * classes,
    );
  });
}
