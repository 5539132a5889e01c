import { touch } from './read-ahead.ts';
import { strided } from './strided.ts';
import { storeLanes, type Target } from './target.ts';
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
  return [...kernels, strided(target, toomCook), touch(), prepare(toomCook)].join('\n');
}

// What the transforms expect in a thread's scratch, at `tmp`, and how lines are copied.
function prepare(toomCook: ToomCook): string {
  return `function prepare(tmp: usize): void {
  memory.fill(tmp + ${zerosPlace}, 0, 64);
  ${toomCook.constantTable(`tmp + ${constantsPlace}`)}
}
// Copies lines of 64 bytes from s to e, or the first bytes of each, to places pitch apart.
function copyLines(s: usize, e: usize, p: usize, pitch: usize, bytes: usize): void {
  if (bytes >= 64) for (; s < e; s += 64, p += pitch) {
    const l0 = v128.load(s), l1 = v128.load(s, 16), l2 = v128.load(s, 32), l3 = v128.load(s, 48);
    ${storeLanes(['l0', 'l1', 'l2', 'l3'], 'p')}
  } else for (; s < e; s += 64, p += pitch) copyPart(s, p, bytes);
}
// Copies a part of a line; the last whole vector may overlap the one before.
function copyPart(src: usize, dst: usize, bytes: usize): void {
  if (bytes < 16) { copyFloats(src, dst, bytes); return; }
  const tail = bytes - 16, l = v128.load(src + tail);
  for (let i: usize = 0; i < tail; i += 16) v128.store(dst + i, v128.load(src + i));
  v128.store(dst + tail, l);
}`;
}
