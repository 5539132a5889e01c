import * as tf from '@tensorflow/tfjs-core';
import { type NativeKernel, runOp } from './tensorflow-ops.ts';

interface NormAttrs {
  readonly groups: number;
  readonly epsilon: number;
  readonly negativeSlope: number;
}

type Inputs = Readonly<Record<string, tf.Tensor>>;

const channelsLast = { data_format: 'NHWC' } as const;
const normTypes = ['T', 'U'] as const;

/** One sample at a time as an image [1, D * H, W, C], which TensorFlow's batch norm takes; a slice of it is no copy. */
function samplesOf(x: tf.Tensor): tf.Tensor[] {
  const [samples, depth, height, width, channels] = x.shape as [number, number, number, number, number];
  const images = tf.reshape(x, [samples, depth * height, width, channels]);
  if (samples === 1) return [images];
  return Array.from({ length: samples }, (_, n) =>
    tf.slice(images, [n, 0, 0, 0], [1, depth * height, width, channels]),
  );
}

const joinSamples = (parts: readonly tf.Tensor[], shape: readonly number[]) =>
  tf.reshape(parts.length === 1 ? parts[0]! : tf.concat(parts as tf.Tensor[], 0), [...shape]);

function activate(z: tf.Tensor, slope: number): tf.Tensor {
  if (slope === 1) return z;
  return slope === 0 ? runOp('Relu', [z], {})[0]! : runOp('LeakyRelu', [z], { alpha: slope })[0]!;
}

function activateBack(dy: tf.Tensor, z: tf.Tensor, slope: number): tf.Tensor {
  if (slope === 1) return dy;
  return slope === 0 ? runOp('ReluGrad', [dy, z], {})[0]! : runOp('LeakyReluGrad', [dy, z], { alpha: slope })[0]!;
}

/** Batch norm of one image with its own statistics (none given) or with these. */
function batchNorm(
  x: tf.Tensor,
  scale: tf.Tensor,
  offset: tf.Tensor,
  epsilon: number,
  given?: Statistics,
): tf.Tensor[] {
  const none = given === undefined ? tf.tensor1d([]) : undefined;
  return runOp(
    'FusedBatchNormV3',
    [x, scale, offset, given?.mean ?? none!, given?.variance ?? none!],
    { epsilon, exponential_avg_factor: 1, is_training: given === undefined, ...channelsLast },
    6,
    normTypes,
  );
}

/** Mean and biased variance, [C] each. */
interface Statistics {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/** Of one group from those of its channels: the spread around and between their means. */
function groupStatistics({ mean, variance }: Statistics, groups: number): Statistics {
  const [means, variances] = [tf.reshape(mean, [groups, -1]), tf.reshape(variance, [groups, -1])];
  const groupMean = tf.mean(means, 1, true);
  const spread = tf.add(variances, tf.square(tf.sub(means, groupMean)));
  return { mean: tf.reshape(groupMean, [groups]), variance: tf.mean(spread, 1) };
}

/** [groups] to [C]. */
function toChannels(v: tf.Tensor, channels: number): tf.Tensor {
  const groups = v.shape[0]!;
  if (groups === channels) return v;
  return tf.reshape(tf.mul(tf.reshape(v, [groups, 1]), tf.ones([1, channels / groups])), [channels]);
}

/** The kernel `SegNormActivation` through FusedBatchNormV3. */
export const normActivation: NativeKernel = (inputs, attrs) => {
  const { x, scale, offset } = inputs as Inputs as { x: tf.Tensor; scale: tf.Tensor; offset: tf.Tensor };
  const { groups, epsilon, negativeSlope } = attrs as unknown as NormAttrs;
  const channels = x.shape[4]!;
  const rows = samplesOf(x).map((image) => {
    const [z, , , mean, variance] = batchNorm(image, scale, offset, epsilon);
    const own = { mean: mean!, variance: variance! };
    if (groups === channels) return { y: activate(z!, negativeSlope), ...own };
    const shared = groupStatistics(own, groups);
    const ofChannel = {
      mean: toChannels(shared.mean, channels),
      variance: toChannels(shared.variance, channels),
    };
    z!.dispose();
    const [normal] = batchNorm(image, scale, offset, epsilon, ofChannel);
    return { y: activate(normal!, negativeSlope), ...shared };
  });
  const stacked = (parts: tf.Tensor[]) => tf.reshape(tf.stack(parts), [rows.length, groups]);
  return [
    joinSamples(
      rows.map(({ y }) => y),
      x.shape,
    ),
    stacked(rows.map(({ mean }) => mean)),
    tf.rsqrt(tf.add(stacked(rows.map(({ variance }) => variance)), epsilon)),
  ];
};

/** The kernel `SegNormActivationGrad` through FusedBatchNormGradV3. */
export const normActivationGrad: NativeKernel = (inputs, attrs) => {
  const { x, scale, offset, mean, invStd, dy } = inputs as unknown as Record<string, tf.Tensor> as Gradient;
  const { groups, epsilon, negativeSlope } = attrs as unknown as NormAttrs;
  const [images, gradients] = [samplesOf(x), samplesOf(dy)];
  const variances = tf.sub(tf.reciprocal(tf.square(invStd)), epsilon);
  const rows = images.map((image, n) => {
    const row = (v: tf.Tensor) => tf.reshape(tf.slice(v, [n, 0], [1, groups]), [groups]);
    const channels = x.shape[4]!;
    const statistics = { mean: toChannels(row(mean), channels), variance: toChannels(row(variances), channels) };
    let dz = gradients[n]!;
    if (negativeSlope !== 1) {
      const [z, ...rest] = batchNorm(image, scale, offset, epsilon, statistics);
      dz = activateBack(dz, z!, negativeSlope);
      tf.dispose([z!, ...rest]);
    }
    const whole = groups === channels;
    const [dx, dScale, dOffset] = batchNormGrad(dz, image, scale, epsilon, statistics, whole);
    if (whole) return { dx: dx!, dScale: dScale!, dOffset: dOffset! };
    const share = { image, scale, dScale: dScale!, dOffset: dOffset!, invStd: toChannels(row(invStd), channels) };
    return { dx: withinGroup(dx!, { ...share, mean: statistics.mean, groups }), dScale: dScale!, dOffset: dOffset! };
  });
  const total = (parts: tf.Tensor[]) => (parts.length === 1 ? parts[0]! : tf.addN(parts));
  return [
    joinSamples(
      rows.map(({ dx }) => dx),
      x.shape,
    ),
    total(rows.map(({ dScale }) => dScale)),
    total(rows.map(({ dOffset }) => dOffset)),
  ];
};

interface Gradient extends Record<string, tf.Tensor> {
  readonly x: tf.Tensor;
  readonly scale: tf.Tensor;
  readonly offset: tf.Tensor;
  readonly mean: tf.Tensor;
  readonly invStd: tf.Tensor;
  readonly dy: tf.Tensor;
}

/** [dx, dScale, dOffset]; `own`: the statistics are those of this image, so dx flows through them too. */
function batchNormGrad(
  dz: tf.Tensor,
  x: tf.Tensor,
  scale: tf.Tensor,
  epsilon: number,
  { mean, variance }: Statistics,
  own: boolean,
): tf.Tensor[] {
  const attributes = { epsilon, is_training: own, ...channelsLast };
  return runOp('FusedBatchNormGradV3', [dz, x, scale, mean, variance, tf.tensor1d([])], attributes, 5, normTypes);
}

interface GroupShare {
  readonly image: tf.Tensor;
  readonly scale: tf.Tensor;
  readonly mean: tf.Tensor;
  readonly invStd: tf.Tensor;
  readonly dScale: tf.Tensor;
  readonly dOffset: tf.Tensor;
  readonly groups: number;
}

/** Takes away what flows through the statistics of the group: dx - invStd * (mean of g + normal * mean of g * normal). */
function withinGroup(dx: tf.Tensor, { image, scale, mean, invStd, dScale, dOffset, groups }: GroupShare): tf.Tensor {
  const channels = scale.shape[0]!;
  const count = (image.size / channels) * (channels / groups);
  const average = (v: tf.Tensor) =>
    toChannels(tf.div(tf.sum(tf.reshape(tf.mul(v, scale), [groups, -1]), 1), count), channels);
  const slope = tf.mul(tf.square(invStd), average(dScale));
  const constant = tf.sub(tf.mul(slope, mean), tf.mul(invStd, average(dOffset)));
  return tf.add(tf.sub(dx, tf.mul(image, slope)), constant);
}
