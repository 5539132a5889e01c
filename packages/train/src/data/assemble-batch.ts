import { SegError } from '@seg/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../method/batch.ts';
import type { Sample } from '../method/stream.ts';
import { IGNORED_CLASS } from './cut-patch.ts';
import { type CaseInfo, isAnnotated } from './training-case.ts';

/**
 * Puts samples of one shape together; the caller disposes the tensors with `disposeBatch`. Voxels of classes that were
 * not annotated in a case become background: what of such a class is marked is not all of it.
 */
export function assembleBatch(samples: readonly Sample[], cases: readonly CaseInfo[]): Batch {
  const { shape, channels } = samples[0]!;
  const [depth, height, width] = shape;
  const voxels = depth * height * width;
  const image = new Float32Array(samples.length * voxels * channels);
  const label = new Int32Array(samples.length * voxels);
  samples.forEach((sample, n) => {
    if (sample.shape.join() !== shape.join() || sample.channels !== channels) {
      throw new SegError('shape-mismatch', {
        where: 'assembleBatch',
        problem: `case ${cases[n]!.id} gave a sample of another shape than the first of its batch`,
        got: [...sample.shape, sample.channels],
        expected: [...shape, channels],
        hint: 'Use one patch size and the same channels for all cases of a stream.',
      });
    }
    label.set(annotatedPart(sample.label, cases[n]!), n * voxels);
    const base = n * voxels * channels;
    if (channels === 1) image.set(sample.image, base);
    else {
      for (let c = 0; c < channels; c++) {
        for (let i = 0; i < voxels; i++) image[base + i * channels + c] = sample.image[c * voxels + i]!;
      }
    }
  });
  const extras: Record<string, tf.Tensor> = {};
  for (const [name, { data, shape: extraShape }] of Object.entries(samples[0]!.extras ?? {})) {
    const joined = new Float32Array(samples.length * data.length);
    samples.forEach((sample, n) => {
      joined.set(sample.extras![name]!.data, n * data.length);
    });
    extras[name] = tf.tensor(joined, [samples.length, ...extraShape]);
  }
  return {
    image: tf.tensor5d(image, [samples.length, depth, height, width, channels]),
    label: tf.tensor4d(label, [samples.length, depth, height, width], 'int32'),
    cases,
    extras,
  };
}

function annotatedPart(label: Uint8Array, info: CaseInfo): Uint8Array {
  if (info.annotated === undefined) return label;
  return label.map((c) => (c === IGNORED_CLASS || isAnnotated(info, c) ? c : 0));
}

/** Disposes the tensors of a batch. */
export function disposeBatch({ image, label, extras }: Batch): void {
  tf.dispose([image, label, ...Object.values(extras)]);
}
