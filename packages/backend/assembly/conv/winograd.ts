import type { Target } from './target.ts';
import { ToomCook } from './toom-cook.ts';
import { depthPasses, tileTransforms } from './winograd-blocks.ts';
import { winogradDrivers } from './winograd-drivers.ts';
import { type Variant, variants } from './winograd-variants.ts';
import { winogradWhole } from './winograd-whole.ts';

/** Every Winograd variant: transforms, products and drivers. */
export function winograd(target: Target): string {
  const toomCook = new ToomCook(target);
  return variants
    .flatMap((variant: Variant) => [
      tileTransforms(target, toomCook, variant),
      depthPasses(target, toomCook, variant),
      winogradDrivers(target, variant),
      winogradWhole(target, variant),
    ])
    .join('\n');
}
