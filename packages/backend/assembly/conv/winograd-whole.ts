import { wholeLayout } from './layouts.ts';
import { prologue, splitRows, type Target, tileWidth } from './target.ts';
import { pointsAtOnce } from './winograd-drivers.ts';
import { allPairs, depthPairs, scratchPlaces, tilePoints, type Variant } from './winograd-variants.ts';

const parameters = 'desc: usize, part: i32, parts: i32, tmp: usize';

/**
 * Small volumes with many channels: all tiles are transformed first, then the threads share the points (or the input
 * channels of a filter gradient), so that transformed weights pass through the caches once. Rows of transformed inputs
 * of variant 1x are numbered over batch, output planes and the kernel's further planes, then tiles of a plane, so that
 * the kernel's planes are the same rows some planes later.
 */
export function winogradWhole(target: Target, variant: Variant): string {
  const { id, depth, plane } = variant;
  const places = scratchPlaces(variant);
  const points = tilePoints(variant);
  const flat = depth === 1;
  const width = tileWidth(target);
  const sizes = `const plane = ((oh + ${plane - 1}) / ${plane}) * ((ow + ${plane - 1}) / ${plane}), deep = ${flat ? '(od - 1) * ds + kd' : `(od + ${depth - 1}) / ${depth}`}, kernel = ${flat ? 'kd' : '1'}, planes = ${flat ? 'od' : 'deep'};`;
  const ends = (pointer: string, batch: string, voxel: string, last: number) =>
    `prepare(tmp);
  const end = ${pointer} + <usize>n * ${batch}, last = tmp + ${last};
  if (${voxel} & 15) copyFloats(end - (${voxel} & 15), last, ${voxel} & 15);`;
  const eachPlane = (count: string, body: string) =>
    `for (let q = <i32>(<i64>n * ${count} * part / parts), e = <i32>(<i64>n * ${count} * (part + 1) / parts); q < e; q++) {
    const image = q / ${count}, z = q % ${count}, row = <usize>(q * plane);
    ${body}
  }`;
  const pairs = depthPairs(variant) ? `${allPairs}, ` : '';
  const from = (z: string) => (flat ? `${z}, 0, plane` : 'q * plane, (q + 1) * plane');
  const image = (pointer: string, batch: string) => (flat ? `${pointer} + <usize>image * ${batch}` : pointer);
  const filterGradient = `
export function wholegrads${id}(${parameters}): void {
  ${prologue(wholeLayout)}
  ${sizes}
  ${ends('y', 'yn', 'yb', places.lastGradient)}
  ${eachPlane('planes', `grads${id}(${image('y', 'yn')}, yn, od, oh, ow, yb, ${pairs}${from('z')}, m + row * mr, mp, mc, mr, mb, tmp, end - 16, last);`)}
}
// The filter gradient of some channels in and out: all points, then back, while they are in the second-level cache.
export function wholefilter${id}(${parameters}): void {
  ${prologue(wholeLayout)}
  prepare(tmp);
  ${sizes}
  const blocks = (ci + ic - 1) / ic, c0 = part % blocks * ic, count = min(ic, ci - c0), o0 = part / blocks * oc, o1 = min(o0 + oc, <i32>(mc >> 2));
  const runs = ds == 1 ? n : n * planes, rows = ds == 1 ? planes * plane : plane;
  const du = tmp + ${places.blocks}, row = <usize>(o1 - o0) << 2, pitch = <usize>count * row + 64;
  const nd = <usize>rows * mr, most = ${pointsAtOnce('rows', 'vr', 'mr')};
  for (let k = 0; k < kernel; k++) for (let p = 0; p < ${points}; p += most) {
    const some = min(most, ${points} - p);
    for (let j = 0; j < count; j += 16) for (let o = o0; o < o1; o += ${width}) {
      const few = min(16, count - j), c = du + <usize>(k * ${points} + p) * pitch + <usize>j * row + (<usize>(o - o0) << 2);
      for (let q = 0; q < runs; q++) {
        const first = ds == 1 ? q * deep : q / planes * deep + q % planes * ds;
        const a = v + <usize>((c0 + j) >> 4) * vb + <usize>p * vp + <usize>((first + k) * plane) * vr;
        const b = m + <usize>(o >> 4) * mb + <usize>p * mp + <usize>(q * rows) * mr + (<usize>(o & 15) << 2);
        ${splitRows('few', (r) => `sums${r}(some, q, a + (<usize>i << 2), vp, vr, b, mp, mr, nd, c + <usize>i * row, pitch, row)`)}
      }
    }
  }
  const tr = <usize>co << 2;
  for (let k = 0; k < kernel; k++)
    back${id}(du + <usize>(k * ${points}) * pitch, pitch, row, count, u + <usize>(k * 9 * ci + c0) * tr + (<usize>o0 << 2), <usize>ci * tr, tr, <usize>(min(o1, co) - o0) << 2, tmp);
}`;
  return `
export function wholeinputs${id}(${parameters}): void {
  ${prologue(wholeLayout)}
  ${sizes}
  ${ends('x', 'xn', 'cb', places.lastInput)}
  ${eachPlane('deep', `inputs${id}(${image('x', 'xn')}, xn, d, h, w, cb, od, oh, ow, pd, ph, pw, ${pairs}${from('z - pd')}, v + row * vr, vp, vc, vr, vb, tmp, end - 16, last);`)}
}
export function wholeoutputs${id}(${parameters}): void {
  ${prologue(wholeLayout)}
  prepare(tmp);
  ${sizes}
  ${eachPlane('planes', `outputs${id}(${image('y', 'yn')}, yn, od, oh, ow, yb, ${from('z')}, m + row * mc, mp, mc, bias, tmp);`)}
}
export function wholeproducts${id}(desc: usize, part: i32, parts: i32): void {
  ${prologue(wholeLayout)}
  ${sizes}
  // Output planes whose inputs follow each other: all of an image with stride 1 along the depth.
  const p0 = ${points} * part / parts, p1 = ${points} * (part + 1) / parts, slot = <usize>plane * vc;
  const runs = ds == 1 ? n : n * planes, rows = ds == 1 ? planes * plane : plane;
  for (let p = p0; p < p1; p++) for (let i = 0; i < runs; i++) {
    const first = ds == 1 ? i * deep : i / planes * deep + i % planes * ds, a = v + <usize>p * vp + <usize>first * slot;
    products${id}(p, p + 1, kernel, a, a + slot, a + 2 * slot, vp, vc, rows, ci, co, kernel, u, us, m + <usize>p * mp + <usize>(i * rows) * mc, mp, mc);
  }
}${variant.stride === 2 ? '' : filterGradient}`;
}
