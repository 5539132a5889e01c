import { type NativeKernel, type OpAttributes, runOwnOp } from './tensorflow-ops.ts';

function settings(attrs: Record<string, unknown>): OpAttributes {
  const { groups, epsilon, negativeSlope } = attrs as Record<'groups' | 'epsilon' | 'negativeSlope', number>;
  return { groups: BigInt(groups), epsilon, slope: negativeSlope };
}

/** The kernel `SegNormActivation`. */
export const normActivation: NativeKernel = ({ x, scale, offset }, attrs) =>
  runOwnOp('SegNormActivation', [x!, scale!, offset!], settings(attrs), 3);

/** The kernel `SegNormActivationGrad`. */
export const normActivationGrad: NativeKernel = ({ x, scale, offset, mean, invStd, dy }, attrs) =>
  runOwnOp('SegNormActivationGrad', [x!, scale!, offset!, mean!, invStd!, dy!], settings(attrs), 3);
