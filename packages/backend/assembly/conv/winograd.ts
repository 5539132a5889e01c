import { touch } from './read-ahead.ts';
import { strided } from './strided.ts';
import type { Target } from './target.ts';
import { ToomCook } from './toom-cook.ts';
import { depthPasses, tileTransforms } from './winograd-blocks.ts';
import { winogradDrivers } from './winograd-drivers.ts';
import { constantsPlace, type Variant, variants, zerosPlace } from './winograd-variants.ts';
import { winogradWhole } from './winograd-whole.ts';

/** Every Winograd variant: transforms, products and drivers. */
export function winograd(target: Target): string {
  const toomCook = new ToomCook(target);
  const kernels = variants.flatMap((variant: Variant) => [
    tileTransforms(target, toomCook, variant),
    depthPasses(target, toomCook, variant),
    winogradDrivers(target, variant),
    winogradWhole(target, variant),
  ]);
  return [...kernels, strided(target, toomCook), touch(), prepare(toomCook), sliceStart].join('\n');
}

// The first of `total` items of slice i of n, at least one each while there are any: slices shrink evenly, so that threads
// that take them in order end together, however fast each of them is.
const sliceStart = `function sliceStart(total: i32, i: i32, n: i32): i32 {
  if (total < n) return min(i, total);
  return i + <i32>(<i64>(total - n) * i * (2 * n - i + 1) / (n * (n + 1)));
}`;

// What the transforms expect in a thread's scratch, at `tmp`, and how partial lines are copied.
function prepare(toomCook: ToomCook): string {
  return `function prepare(tmp: usize): void {
  memory.fill(tmp + ${zerosPlace}, 0, 64);
  ${toomCook.constantTable(`tmp + ${constantsPlace}`)}
}
// Copies a part of a line; the last whole vector may overlap the one before.
function copyPart(src: usize, dst: usize, bytes: usize): void {
  if (bytes < 16) { copyFloats(src, dst, bytes); return; }
  const tail = bytes - 16, l = v128.load(src + tail);
  for (let i: usize = 0; i < tail; i += 16) v128.store(dst + i, v128.load(src + i));
  v128.store(dst + tail, l);
}`;
}
