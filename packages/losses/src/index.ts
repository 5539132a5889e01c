export { type BinaryCrossEntropyLossOptions, binaryCrossEntropyLoss } from './binary/binary-cross-entropy-loss.ts';
export {
  type BinaryDiceCrossEntropyLossOptions,
  binaryDiceCrossEntropyLoss,
} from './binary/binary-dice-cross-entropy-loss.ts';
export { type BinaryDiceLossOptions, binaryDiceLoss } from './binary/binary-dice-loss.ts';
export { type CrossEntropyLossOptions, crossEntropyLoss } from './cross-entropy/cross-entropy-loss.ts';
export {
  type DeepSupervisionLossOptions,
  deepSupervisionLoss,
  deepSupervisionWeights,
  type SegmentationLoss,
} from './deep-supervision/deep-supervision-loss.ts';
export { resizeLabelsNearest } from './deep-supervision/resize-labels-nearest.ts';
export { type Smooth, type SoftDiceLossOptions, softDiceLoss } from './dice/soft-dice-loss.ts';
export {
  type DiceCrossEntropyLossOptions,
  diceCrossEntropyLoss,
} from './dice-cross-entropy/dice-cross-entropy-loss.ts';
export { type FocalLossOptions, focalLoss } from './focal/focal-loss.ts';
export {
  type GeneralizedCrossEntropyLossOptions,
  generalizedCrossEntropyLoss,
} from './generalized-cross-entropy/generalized-cross-entropy-loss.ts';
export { type GeneralizedDiceLossOptions, generalizedDiceLoss } from './generalized-dice/generalized-dice-loss.ts';
export {
  type LearnableTLossOptions,
  learnableTLoss,
  learnableTLossFromSquares,
} from './t-loss/learnable-t-loss.ts';
export {
  type TLossOptions,
  tLoss,
  tLossDimension,
  tLossFromSquares,
  tLossNuGradient,
  tLossSquares,
} from './t-loss/t-loss.ts';
export { type TverskyLossOptions, tverskyLoss } from './tversky/tversky-loss.ts';
