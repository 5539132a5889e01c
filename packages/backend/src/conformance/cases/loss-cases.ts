import { applyAdam, applySgd, diceCrossEntropy, globalNorm } from '@seg/ops';
import * as tf from '@tensorflow/tfjs-core';
import { caseList } from '../conformance-case.ts';
import { diceCrossEntropy as lossReference } from '../reference/loss.ts';
import { positiveValues, randomValues, sizeOf, type Values, wholeValues } from '../values.ts';

const lossDefaults = { smooth: 1e-5, includeBackground: false, batchDice: false, ignoreLabel: -1 };
const lossSettings = [
  ['defaults', lossDefaults, 0],
  ['with background, over the batch', { ...lossDefaults, includeBackground: true, batchDice: true }, 0],
  ['label 2 ignored', { ...lossDefaults, ignoreLabel: 2, smooth: 1 }, 0],
  // Labels of -1 and 4 are no classes of the four.
  ['labels below', lossDefaults, -1],
  ['labels beyond, over the batch', { ...lossDefaults, batchDice: true }, 1],
] as const;
const shape = [3, 2, 2, 3, 5];

/** The new tensors of an optimiser step as one; the state handed in is a copy, because a step takes it over. */
function stepped(tensors: readonly tf.Tensor[], step: (copies: tf.Tensor[]) => object): tf.Tensor {
  const copies = tensors.map((t) => tf.tidy(() => tf.mul(t, tf.onesLike(t))));
  const after = Object.values(step(copies)) as tf.Tensor[];
  const all = tf.stack(after);
  tf.dispose(after);
  return all;
}

const joined = (...parts: Float64Array[]): Values => ({
  shape: [parts.length, ...shape],
  data: Float64Array.from(parts.flatMap((p) => [...p])),
});

/** Loss, optimiser steps and norms over parameters of @seg/ops. */
export function lossCases() {
  const { cases, add } = caseList('ops');
  const classLabels = wholeValues([2, 3, 4, 3], 4, 41);
  for (const [name, settings, shift] of lossSettings) {
    const labels = { ...classLabels, data: classLabels.data.map((label) => label + shift) };
    add(
      'diceCrossEntropy',
      name,
      [randomValues([2, 3, 4, 3, 4], 42)],
      (logits) =>
        tf.tidy(() =>
          diceCrossEntropy(
            logits as tf.Tensor5D,
            tf.tensor(Int32Array.from(labels.data), [...labels.shape], 'int32'),
            settings,
          ),
        ),
      (logits) => lossReference(logits!, labels, settings),
    );
  }
  const [param, grad, state] = [randomValues(shape, 43), randomValues(shape, 44), randomValues(shape, 45)];
  for (const nesterov of [false, true]) {
    const options = { learningRate: 0.1, momentum: 0.9, nesterov, weightDecay: 0.01, gradScale: 0.5 };
    add(
      'applySgd',
      nesterov ? 'Nesterov momentum' : 'momentum',
      [param, grad, state],
      (p, g, v) =>
        stepped([p!, v!], ([param, velocity]) => applySgd({ param: param!, velocity: velocity! }, g!, options)),
      (p, g, v) => {
        const direction = g!.data.map((d, i) => 0.5 * d + 0.01 * p!.data[i]!);
        const velocity = v!.data.map((old, i) => 0.9 * old + direction[i]!);
        const moved = p!.data.map(
          (old, i) => old - 0.1 * (nesterov ? direction[i]! + 0.9 * velocity[i]! : velocity[i]!),
        );
        return joined(moved, velocity);
      },
      [],
    );
  }
  for (const decoupled of [false, true]) {
    const options = { learningRate: 0.1, step: 3, weightDecay: 0.01, decoupled, gradScale: 0.5 };
    add(
      'applyAdam',
      decoupled ? 'AdamW' : 'Adam',
      [param, grad, state, positiveValues(shape, 46)],
      (p, g, m, v) =>
        stepped([p!, m!, v!], ([param, first, second]) =>
          applyAdam({ param: param!, first: first!, second: second! }, g!, options),
        ),
      (p, g, m, v) => {
        const direction = g!.data.map((d, i) => 0.5 * d + (decoupled ? 0 : 0.01 * p!.data[i]!));
        const first = m!.data.map((old, i) => 0.9 * old + 0.1 * direction[i]!);
        const second = v!.data.map((old, i) => 0.999 * old + 0.001 * direction[i]! ** 2);
        const moved = p!.data.map((old, i) => {
          const spread = Math.sqrt(second[i]! / (1 - 0.999 ** 3)) + 1e-8;
          return old * (decoupled ? 1 - 0.001 : 1) - (0.1 * first[i]!) / (1 - 0.9 ** 3) / spread;
        });
        return joined(moved, first, second);
      },
      [],
    );
  }
  add(
    'globalNorm',
    'three tensors',
    [param, randomValues([7], 47), randomValues([3, 1], 48)],
    (...tensors) => globalNorm(tensors),
    (...all) => ({
      shape: [],
      data: Float64Array.of(Math.hypot(...all.flatMap((v) => [...v.data.subarray(0, sizeOf(v.shape))]))),
    }),
    [],
  );
  return cases;
}
