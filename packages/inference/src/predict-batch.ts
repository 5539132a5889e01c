import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import type { PredictorDraw } from './predictor.ts';

const WHERE = 'slidingWindowInference';

/**
 * Runs a predictor on patches and reads back what is to be averaged.
 *
 * @param input [N, D, H, W, C] values.
 * @returns scores [N, D, H, W, classes].
 * @throws SegError `shape-mismatch` for an output of another size, `numerical-failure` for one that is not finite.
 */
export async function predictBatch(
  predictor: PredictorDraw,
  input: Float32Array,
  shape: [number, number, number, number, number],
  average: 'probabilities' | 'logits',
): Promise<{ scores: Float32Array; classes: number }> {
  const output = tf.tidy(() => {
    const scores = predictor.apply(tf.tensor5d(input, shape));
    if (scores.shape.length !== 5 || scores.shape.slice(0, 4).join() !== shape.slice(0, 4).join()) {
      throw new SegError('shape-mismatch', {
        where: WHERE,
        problem: 'the predictor must return one score vector for every voxel of its patch',
        got: scores.shape,
        expected: [...shape.slice(0, 4), 'classes'],
        hint: 'Choose a patchSize that the network can halve as often as it has stages.',
      });
    }
    if (average === 'logits' || predictor.output === 'probabilities') return scores;
    return predictor.activation === 'sigmoid' ? tf.sigmoid(scores) : tf.softmax(scores);
  });
  try {
    const scores = (await output.data()) as Float32Array;
    let check = 0;
    for (let i = 0; i < scores.length; i++) check += scores[i]! * 0; // NaN and infinity times 0 are NaN
    if (Number.isNaN(check)) {
      throw new SegError('numerical-failure', {
        where: WHERE,
        problem: 'the predictor returned values that are not finite',
        hint: 'Check the image for NaN and the parameters for a diverged training.',
      });
    }
    return { scores, classes: output.shape[4]! };
  } finally {
    output.dispose();
  }
}
