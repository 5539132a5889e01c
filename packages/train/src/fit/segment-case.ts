import { type Triple, voxelCount } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import { cutBox } from '../data/cut-patch.ts';
import type { TrainingCase } from '../data/training-case.ts';
import type { Predictor } from '../method/method.ts';

/** Label map of a case by the predictor, patch by patch. */
export async function segmentCase(
  predictor: Predictor,
  { image, channels, shape }: TrainingCase,
  patchSize: Triple,
): Promise<{ readonly labels: Uint8Array; readonly classes: number }> {
  const labels = new Uint8Array(voxelCount(shape));
  let classes = 0;
  const starts = shape.map((size, axis) => {
    const spare = size - patchSize[axis]!;
    if (spare <= 0) return [-Math.floor(-spare / 2)];
    const count = Math.ceil(size / patchSize[axis]!);
    return Array.from({ length: count }, (_, i) => Math.round((i * spare) / (count - 1)));
  });
  for (const z of starts[0]!) {
    for (const y of starts[1]!) {
      for (const x of starts[2]!) {
        const box = cutBox(image, channels, shape, [z, y, x], patchSize);
        const result = tf.tidy(() => {
          const planes = tf.tensor(box, [1, channels, ...patchSize]);
          const scores = predictor.apply(tf.transpose(planes, [0, 2, 3, 4, 1]) as tf.Tensor5D);
          classes = scores.shape[4];
          return tf.argMax(scores, 4);
        });
        const values = Uint8Array.from(await result.data());
        result.dispose();
        const back = cutBox(values, 1, patchSize, [-z, -y, -x], shape);
        const inside = cutBox(new Uint8Array(values.length).fill(1), 1, patchSize, [-z, -y, -x], shape);
        for (let i = 0; i < labels.length; i++) if (inside[i] === 1) labels[i] = back[i]!;
      }
    }
  }
  return { labels, classes };
}
