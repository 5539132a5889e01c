import type { MethodModule } from '@seg/train';
import { baselineMethods } from './baselines/baseline-methods.ts';
import { hypersortModule } from './method/hypersort-module.ts';

/** The methods of this package, for a run's registry. */
export const hypernetMethods: readonly MethodModule[] = [hypersortModule, ...baselineMethods];
