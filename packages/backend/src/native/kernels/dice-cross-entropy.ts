import { type NativeKernel, runOwnOp } from './tensorflow-ops.ts';

/** The kernel `SegDiceCrossEntropy`. */
export const diceCrossEntropy: NativeKernel = ({ logits, labels }, attrs) => {
  const { crossEntropyWeight, diceWeight, smooth, ignoreLabel } = attrs as Record<string, number>;
  return runOwnOp(
    'SegDiceCrossEntropy',
    [logits!, labels!],
    {
      cross_entropy: crossEntropyWeight!,
      dice: diceWeight!,
      smooth: smooth!,
      background: attrs.includeBackground === true,
      over_batch: attrs.batchDice === true,
      ignore: BigInt(ignoreLabel!),
    },
    2,
  );
};
