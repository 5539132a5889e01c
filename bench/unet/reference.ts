import { type Params, Rng } from '@seg/core';
import { diceCrossEntropyLoss } from '@seg/losses';
import { applySgd } from '@seg/ops';
import { type Unet3d, unet3d } from '@seg/unet3d';
import * as tf from '@tensorflow/tfjs-core';

/** The U-Net that every peer runs: four stages of 16 to 128 channels, instance norm, leaky ReLU, three classes. */
export function referenceUnet(): Unet3d {
  return unet3d({ classes: 3, features: [16, 32, 64, 128] });
}

/** A training of the reference U-Net on one fixed batch, as a user would write it with the public API. */
export class Training {
  readonly #network = referenceUnet();
  readonly #names: string[];
  readonly #x: tf.Tensor5D;
  readonly #labels: tf.Tensor4D;
  #params: tf.Tensor[];
  #velocities: tf.Tensor[];

  constructor(batch: number, size: number) {
    const params: Params = this.#network.init(Rng.fromSeed(1));
    this.#names = Object.keys(params);
    this.#params = Object.values(params);
    this.#velocities = this.#params.map((p) => tf.zerosLike(p));
    this.#x = tf.randomNormal([batch, size, size, size, 1], 0, 1, 'float32', 1);
    this.#labels = tf.tensor4d(blobs(batch, size), [batch, size, size, size], 'int32');
  }

  /** Logits without gradients. */
  forward(): void {
    tf.dispose(this.#network.apply(this.#named(this.#params), this.#x));
  }

  /** Forward, loss, backward, SGD with Nesterov momentum .9 and weight decay 3e-5; returns the loss. */
  step(): number {
    const lossOf = (...params: tf.Tensor[]) => {
      const logits = this.#network.apply(this.#named(params), this.#x, { statistics: 'batch' });
      return diceCrossEntropyLoss(logits, this.#labels);
    };
    const { value, grads } = tf.valueAndGrads(lossOf)(this.#params);
    const options = { learningRate: 0.01, momentum: 0.9, nesterov: true, weightDecay: 3e-5 };
    const states = grads.map((grad, i) =>
      applySgd({ param: this.#params[i]!, velocity: this.#velocities[i]! }, grad, options),
    );
    this.#params = states.map((s) => s.param);
    this.#velocities = states.map((s) => s.velocity);
    const loss = value.dataSync()[0]!;
    tf.dispose([value, grads]);
    return loss;
  }

  dispose(): void {
    tf.dispose([this.#params, this.#velocities, this.#x, this.#labels]);
  }

  #named(params: readonly tf.Tensor[]): Params {
    return Object.fromEntries(this.#names.map((name, i) => [name, params[i]!]));
  }
}

/** Labels 0, 1 and 2 in nested balls, one centre a sample. */
function blobs(batch: number, size: number): Int32Array {
  const labels = new Int32Array(batch * size ** 3);
  for (let i = 0; i < labels.length; i++) {
    const [z, y, x] = [Math.floor(i / size ** 2) % size, Math.floor(i / size) % size, i % size];
    const n = Math.floor(i / size ** 3);
    const r = Math.hypot(z - size / 2, y - size / 2 + n, x - size / 2) / size;
    labels[i] = r < 0.15 ? 2 : r < 0.35 ? 1 : 0;
  }
  return labels;
}
