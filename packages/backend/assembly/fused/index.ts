export { copyBox, fill, joinRows, splitRows } from './copy';
export { diceBackward, diceForward } from './dice-cross-entropy';
export { add, multiply, scale, sumOfSquares } from './elementwise';
export { normApply, normGradApply, normGradStats, normStats } from './norm';
export { maxPool, maxPool2, maxPoolGrad, maxPoolGrad2 } from './pool';
export { resize, resizeGrad } from './resize';
export { addRow, sumFlat, sumRows, sumRuns } from './rows';
export { adam, sgd } from './update';
