import type { Values } from '../values.ts';
import { softmax } from './normalisation.ts';

export interface LossSettings {
  readonly smooth: number;
  readonly includeBackground: boolean;
  readonly batchDice: boolean;
  readonly ignoreLabel: number;
}

/**
 * Mean cross-entropy plus one minus mean soft Dice; logits [N,D,H,W,C], labels [N,D,H,W]. A label that is no class has
 * no cross-entropy and overlaps with nothing.
 */
export function diceCrossEntropy(logits: Values, labels: Values, settings: LossSettings): Values {
  const { smooth, includeBackground, batchDice, ignoreLabel } = settings;
  const classes = logits.shape[4]!;
  const samples = batchDice ? 1 : logits.shape[0]!;
  const p = softmax(logits).data;
  const rows = samples * classes;
  const [overlap, predicted, expected] = [new Float64Array(rows), new Float64Array(rows), new Float64Array(rows)];
  let crossEntropy = 0;
  let counted = 0;
  const voxelsOfSample = labels.data.length / logits.shape[0]!;
  labels.data.forEach((label, voxel) => {
    if (ignoreLabel !== -1 && label === ignoreLabel) return;
    counted++;
    const row = (batchDice ? 0 : Math.floor(voxel / voxelsOfSample)) * classes;
    for (let c = 0; c < classes; c++) predicted[row + c]! += p[voxel * classes + c]!;
    if (label < 0 || label >= classes) return;
    crossEntropy -= Math.log(p[voxel * classes + label]!);
    overlap[row + label]! += p[voxel * classes + label]!;
    expected[row + label]!++;
  });
  const scores: number[] = [];
  for (let row = 0; row < rows; row++) {
    if (!includeBackground && row % classes === 0) continue;
    scores.push((2 * overlap[row]! + smooth) / (predicted[row]! + expected[row]! + smooth));
  }
  const dice = scores.reduce((a, b) => a + b, 0) / scores.length;
  return { shape: [], data: Float64Array.of(crossEntropy / Math.max(counted, 1) + 1 - dice) };
}
