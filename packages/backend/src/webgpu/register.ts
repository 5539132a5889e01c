import { binary, pad, select, slice } from './high-rank.ts';
import { wrapKernel } from './kernel.ts';

const binaryKernels = [
  'Add',
  'Sub',
  'Multiply',
  'RealDiv',
  'Maximum',
  'Minimum',
  'SquaredDifference',
  'FloorDiv',
  'Mod',
  'Pow',
  'Prelu',
  'Equal',
  'NotEqual',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
  'LogicalAnd',
  'LogicalOr',
];

/** Registers our kernels for tfjs's backend `webgpu` in place of those that are wrong or missing. */
export function registerWebgpuKernels(): void {
  for (const name of binaryKernels) wrapKernel(name, binary);
  wrapKernel('PadV2', pad);
  wrapKernel('Slice', slice);
  wrapKernel('Select', select);
}
