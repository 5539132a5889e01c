export { type CrossEntropyLossOptions, crossEntropyLoss } from './cross-entropy/cross-entropy-loss.ts';
export { type Smooth, type SoftDiceLossOptions, softDiceLoss } from './dice/soft-dice-loss.ts';
export {
  type DiceCrossEntropyLossOptions,
  diceCrossEntropyLoss,
} from './dice-cross-entropy/dice-cross-entropy-loss.ts';
