/**
 * Names of the fused kernels that a backend may register with tfjs (`tf.registerKernel`), and what they take and give.
 *
 * An op of this package looks up `tf.getKernel(name, tf.getBackend())`; where a backend has none it composes plain tf
 * ops instead, with the same results. All tensors are NDHWC float32 unless said otherwise; 2-D networks use D = 1.
 */
export const fusedKernels = {
  /**
   * inputs { x [N,D,H,W,C], scale [C], offset [C] }, attrs { groups, epsilon, negativeSlope }:
   * statistics per sample and group of C/groups neighbouring channels (groups = C: instance norm), then
   * y = leakyRelu(scale * (x - mean) * invStd + offset, negativeSlope); negativeSlope 1 means no activation, 0 ReLU.
   * outputs [y, mean [N,groups], invStd [N,groups]].
   */
  normActivation: 'SegNormActivation',
  /** inputs { x, scale, offset, mean, invStd, dy }, same attrs; outputs [dx, dScale [C], dOffset [C]]. */
  normActivationGrad: 'SegNormActivationGrad',
  /**
   * inputs { logits [N,D,H,W,C], labels int32 [N,D,H,W] }, attrs { crossEntropyWeight, diceWeight, smooth,
   * includeBackground, batchDice, ignoreLabel (-1: none) }: weight * mean cross-entropy over the voxels that count +
   * weight * (1 - mean Dice), Dice = (2 * overlap + smooth) / (sum p + sum y + smooth) over softmax p, per sample and
   * class unless batchDice. outputs [loss scalar, dLogits] (the gradient for dLoss = 1).
   */
  diceCrossEntropy: 'SegDiceCrossEntropy',
  /** inputs { x }, attrs { size [D,H,W] }: trilinear, half-pixel centres, edges clamped. outputs [y]. */
  resizeTrilinear: 'SegResizeTrilinear',
  /** inputs { dy }, attrs { inputSize [D,H,W] }; outputs [dx]. */
  resizeTrilinearGrad: 'SegResizeTrilinearGrad',
  /**
   * inputs { x }, attrs { filterSize, strides, pad, dataFormat } as tfjs's MaxPool3D; outputs [y]. Padding never wins,
   * also over values that are all negative.
   */
  maxPool3d: 'SegMaxPool3D',
  /** inputs { dy, input, output }, same attrs; outputs [dx]: to the first maximum of each window. */
  maxPool3dGrad: 'SegMaxPool3DGrad',
  /** inputs { x, filter, bias [O] }, attrs as tfjs's Conv3D; outputs [conv + bias]: saves a pass over the result. */
  conv3dBias: 'SegConv3DBias',
  /** inputs { x, bias [C] }; outputs [x + bias]. */
  addBias: 'SegAddBias',
  /** inputs { dy }; outputs [sum of dy over all axes but the last]. */
  addBiasGrad: 'SegAddBiasGrad',
  /**
   * In place, called through `kernelFunc` directly: inputs { param, grad, velocity }, attrs { learningRate, momentum,
   * nesterov, weightDecay, gradScale }: g = gradScale * grad + weightDecay * param; v = momentum * v + g;
   * param -= learningRate * (nesterov ? g + momentum * v : v) (PyTorch's SGD). outputs [].
   */
  sgdUpdate: 'SegSgdUpdate',
  /**
   * In place: inputs { param, grad, first, second }, attrs { learningRate, beta1, beta2, epsilon, weightDecay,
   * decoupled, gradScale, step } (step counts from 1; decoupled: AdamW). outputs [].
   */
  adamUpdate: 'SegAdamUpdate',
  /** inputs { x }; outputs [sum of squares, scalar]: for clipping by global norm. */
  sumOfSquares: 'SegSumOfSquares',
} as const;
