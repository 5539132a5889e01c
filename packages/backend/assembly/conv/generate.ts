import { direct } from './direct.ts';
import { sliceStart } from './slices.ts';
import type { Target } from './target.ts';
import { tiles } from './tiles.ts';
import { winograd } from './winograd.ts';

export type { Target } from './target.ts';

/** The convolution kernels' AssemblyScript source for one target. */
export function generate(target: Target): string {
  return [tiles(target), direct(target), winograd(target), sliceStart()].join('\n');
}
