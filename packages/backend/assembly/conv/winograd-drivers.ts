import { filterBackLayout, weightsLayout, winogradLayout } from './layouts.ts';
import {
  loadLanes,
  prologue,
  range,
  splitRows,
  storeLanes,
  type Target,
  tileRows,
  tileWidth,
  transformLanes,
} from './target.ts';
import { eachDepthPoint } from './winograd-blocks.ts';
import {
  allPairs,
  depthPairs,
  fixedPlaces,
  scratchPlaces,
  tilePoints,
  tileSide,
  type Variant,
  weightPoints,
} from './winograd-variants.ts';

/**
 * Points whose transformed inputs and output gradients, `rows` of vr and dr bytes each, stay together in a first-level
 * cache of 32 KiB; an expression.
 */
export const pointsAtOnce = (rows: string, vr: string, dr: string) =>
  `max(1, <i32>(${20 << 10} / (<usize>${rows} * (${vr} + ${dr}))))`;

/** Products over transformed tiles, and the exported convolution, filter gradient (stride 1) and weight transforms. */
export function winogradDrivers(target: Target, variant: Variant): string {
  const strided = variant.stride === 2;
  return [
    products(target, variant),
    ...(strided ? [] : [outers(target, variant)]),
    variant.depth === 1 ? ring(target, variant) : flat(variant),
    weights(target, variant),
    ...(strided ? [] : [filterBack(target, filterPoints(variant))]),
  ].join('\n');
}

function products(target: Target, variant: Variant): string {
  const width = tileWidth(target);
  const weightsAt = variant.stride === 2 ? 'u + <usize>(min(p / 9, 5) * 6 + min(p % 9, 5)) * us' : 'u + <usize>p * us';
  return `
// M[p][t][co] = the sum over n slots of V_slot[p][t][ci] U[p][co block][kd][ci][width]
function products${variant.id}(p0: i32, p1: i32, n: i32, v0: usize, v1: usize, v2: usize, vp: usize, vc: usize, nt: i32, ci: i32, co: i32, kd: i32, u: usize, us: usize, mm: usize, mp: usize, mc: usize): void {
  const kb = <usize>ci << 2, ub = <usize>kd * kb * ${width};
  for (let p = p0; p < p1; p++) {
    let b = ${weightsAt}, c = mm;
    for (let o = 0; o < co; o += ${width}, b += ub, c += ${width * 4}) {
      const full = nt % ${tileRows} == 0 || nt > ${2 * tileRows} ? nt / ${tileRows} : 0;
      if (full) gemm${tileRows}(full, n, v0, v1, v2, vc, kb, b, c, mc);
      const rest = nt - full * ${tileRows}, f = <usize>(full * ${tileRows});
      if (rest) ${splitRows('rest', (r) => `gemm${r}(1, n, v0 + (f + i) * vc, v1 + (f + i) * vc, v2 + (f + i) * vc, vc, kb, b, c + (f + i) * mc, mc)`)}
    }
    v0 += vp; v1 += vp; v2 += vp; mm += mp;
  }
}`;
}

function outers(target: Target, variant: Variant): string {
  const width = tileWidth(target);
  return `
// dU[p][ci][co] += the sum over tiles of V[p][t][ci] D[p][t][co], for the points of a plane, as many at once as fit into
// L1.
function outers${variant.id}(more: i32, v: usize, vp: usize, vc: usize, g: usize, gp: usize, gc: usize, nt: i32, ci: i32, co: i32, du: usize, us: usize): void {
  const nd = <usize>nt * gc, most = ${pointsAtOnce('nt', 'vc', 'gc')};
  for (let p = 0; p < ${tileSide(variant) ** 2}; p += most) {
    const points = min(most, ${tileSide(variant) ** 2} - p);
    for (let o = 0; o < co; o += ${width}) {
      const b = g + (<usize>o << 2), c = du + (<usize>o << 2);
      ${splitRows('ci', (r) => `sums${r}(points, more, v + (<usize>i << 2), vp, vc, b, gp, gc, nd, c + <usize>i * gc, us, gc)`)}
    }
    v += <usize>points * vp; g += <usize>points * gp; du += <usize>points * us;
  }
}`;
}

// Scratch of a thread; rows of points are 64 bytes more than their tiles apart, against conflicts in L1.
function scratch(variant: Variant): string {
  const places = scratchPlaces(variant);
  return `const v = tmp + ${places.blocks}, vp = <usize>tb * vc + 64, mp = <usize>tb * mc + 64;
  prepare(tmp);
  const xEnd = x + <usize>n * xn, yEnd = y + <usize>n * yn, xLast = tmp + ${places.lastInput}, yLast = tmp + ${places.lastGradient};
  if (cb & 15) copyFloats(xEnd - (cb & 15), xLast, cb & 15);`;
}
const gradientEnd = 'if (yb & 15) copyFloats(yEnd - (yb & 15), yLast, yb & 15);';
const parameters = 'desc: usize, part: i32, parts: i32, tmp: usize';

/** Variants that transform the depth: blocks of tiles numbered over the whole batch. */
function flat(variant: Variant): string {
  const { id, depth, plane } = variant;
  const n2 = tileSide(variant) ** 2;
  const tiles = `const tiles = n * ((od + ${depth - 1}) / ${depth}) * ((oh + ${plane - 1}) / ${plane}) * ((ow + ${plane - 1}) / ${plane}), blocks = (tiles + tb - 1) / tb;`;
  const inputs = (pair: string) =>
    `inputs${id}(x, xn, d, h, w, cb, od, oh, ow, pd, ph, pw, ${pair}t0, t1, v, vp, vc, vc, 64, tmp, xEnd - 16, xLast);`;
  const pairs = depthPairs(variant);
  const [all, pair] = pairs ? [`${allPairs}, `, 'pair, '] : ['', ''];
  return `
export function conv${id}(${parameters}): void {
  ${prologue(winogradLayout)}
  ${scratch(variant)}
  ${tiles}
  const mm = v + ${tilePoints(variant)} * vp;
  for (let b = blocks * part / parts, b1 = blocks * (part + 1) / parts; b < b1; b++) {
    const t0 = b * tb, t1 = min(t0 + tb, tiles);
    ${inputs(all)}
    products${id}(0, ${tilePoints(variant)}, 1, v, v, v, vp, vc, t1 - t0, ci, co, 1, u, us, mm, mp, mc);
    outputs${id}(y, yn, od, oh, ow, yb, t0, t1, mm, mp, mc, bias, tmp);
  }
}
export function filter${id}(${parameters}): void {
  ${prologue(winogradLayout)}
  ${scratch(variant)} ${gradientEnd}
  ${tiles}
  // A part is a slice of the tiles, or a pair of points of such a slice.
  ${pairs ? `const split = segments == ${pairs}, slice = split ? part / ${pairs} : part, slices = split ? parts / ${pairs} : parts, pair = split ? part % ${pairs} : ${allPairs};` : 'const slice = part, slices = parts;'}
  const mm = v + ${pairs ? `(split ? ${2 * n2} : ${tilePoints(variant)})` : tilePoints(variant)} * vp, du = u + <usize>slice * sliceBytes, b0 = sliceStart(blocks, slice, slices);
  for (let b = b0, b1 = sliceStart(blocks, slice + 1, slices); b < b1; b++) {
    const t0 = b * tb, t1 = min(t0 + tb, tiles);
    ${inputs(pair)}
    grads${id}(y, yn, od, oh, ow, yb, ${pair}t0, t1, mm, mp, mc, mc, 64, tmp, yEnd - 16, yLast);
    let q = v, r = mm;
    ${eachDepthPoint(variant, `{ outers${id}(b - b0, q, vp, vc, r, mp, mc, t1 - t0, ci, co, du + <usize>(i * ${n2}) * us, us); q += ${n2} * vp; r += ${n2} * mp; }`)}
  }
}`;
}

/** Variants with a direct sum over the kernel's depth: a ring of kd transformed input planes a block of tiles. */
function ring(target: Target, variant: Variant): string {
  const { id, plane } = variant;
  const tiles = `const plane = ((oh + ${plane - 1}) / ${plane}) * ((ow + ${plane - 1}) / ${plane}), blocks = (plane + tb - 1) / tb, slot = ${tilePoints(variant)} * vp, mm = v + <usize>kd * slot;`;
  const load = (z: string) =>
    `inputs${id}(x + <usize>image * xn, xn, d, h, w, cb, od, oh, ow, pd, ph, pw, ${z}, t0, t1, v + <usize>(${z} % kd) * slot, vp, vc, vc, 64, tmp, xEnd - 16, xLast);`;
  // Planes of the output from q0 to q1, numbered over the batch, image by image; z0 is the first input plane in the ring.
  const planes = (body: string) => `
    for (let q = q0; q < q1;) {
      const image = q / od, a = q % od, e = min(od, a + q1 - q);
      let next = max(a * ds - pd, 0);
      for (let o = a; o < e; o++) {
        const z0 = o * ds - pd, k0 = max(-z0, 0), k1 = min(kd, d - z0);
        for (next = max(next, z0); next < z0 + k1; next++) ${load('next')}
        ${body}
      }
      q += e - a;
    }`;
  const filter = `
export function filter${id}(${parameters}): void {
  ${prologue(winogradLayout)}
  ${scratch(variant)} ${gradientEnd}
  ${tiles}
  const du = u + <usize>part * sliceBytes, q0 = sliceStart(n * od, part, parts), q1 = sliceStart(n * od, part + 1, parts);
  memory.fill(du, 0, <usize>(${tilePoints(variant)} * kd) * us);
  for (let b = 0; b < blocks; b++) {
    const t0 = b * tb, t1 = min(t0 + tb, plane);
    ${planes(`grads${id}(y + <usize>image * yn, yn, od, oh, ow, yb, o, t0, t1, mm, mp, mc, mc, 64, tmp, yEnd - 16, yLast);
        for (let k = k0; k < k1; k++) outers${id}(1, v + <usize>((z0 + k) % kd) * slot, vp, vc, mm, mp, mc, t1 - t0, ci, co, du + <usize>(k * ${tilePoints(variant)}) * us, us);`)}
  }
}`;
  return `
export function conv${id}(${parameters}): void {
  ${prologue(winogradLayout)}
  ${scratch(variant)}
  ${tiles}
  const items = blocks * segments;
  for (let item = items * part / parts, last = items * (part + 1) / parts; item < last; item++) {
    const b = item % blocks, segment = item / blocks, t0 = b * tb, t1 = min(t0 + tb, plane);
    const q0 = n * od * segment / segments, q1 = n * od * (segment + 1) / segments;
    ${planes(`const yi = y + <usize>image * yn;
        if (k0 < k1) products${id}(0, ${tilePoints(variant)}, k1 - k0, v + <usize>((z0 + k0) % kd) * slot, v + <usize>((z0 + k0 + 1) % kd) * slot, v + <usize>((z0 + k0 + 2) % kd) * slot, vp, vc, t1 - t0, ci, co, kd, u + <usize>(k0 * ci) * ${tileWidth(target) * 4}, us, mm, mp, mc);
        else memory.fill(mm, 0, ${tilePoints(variant)} * mp);
        outputs${id}(yi, yn, od, oh, ow, yb, o, t0, t1, mm, mp, mc, bias, tmp);`)}
  }
}${variant.stride === 2 ? '' : filter}`;
}

function weights(target: Target, variant: Variant): string {
  const { id, depth } = variant;
  const lanes = transformLanes(target);
  const width = tileWidth(target);
  const places = scratchPlaces(variant);
  const kernelDepth = depth === 1 ? 'kd' : '1';
  return `
// U[p][co block][kd][ci][width] from weights [kd][3][3][ci][pitch]; neighbouring ci follow each other, so lines fill up.
export function weights${id}(${parameters}): void {
  ${prologue(weightsLayout)}
  prepare(tmp);
  const one = tmp + ${places.lines}, pp: usize = ${16 * lanes}, tap = <usize>ci * pitch, items = co / ${width} * ${kernelDepth};
  for (let item = items * part / parts, e = items * (part + 1) / parts; item < e; item++) {
    const o = item / ${kernelDepth} * ${width}, k = item % ${kernelDepth};
    for (let c = 0; c < ci; c++) for (let i = 0; i < ${width}; i += ${4 * lanes}) {
      ut${id}(w + <usize>(k * 9) * tap + <usize>c * pitch + (<usize>(o + i) << 2), 9 * tap, 3 * tap, tap, one, pp, pp, tmp);
      let q = u + <usize>(item * ci + c) * ${width * 4} + (<usize>i << 2), s = one;
      for (let p = 0; p < ${weightPoints(variant)}; p++, q += us, s += pp) { ${loadLanes(target, 'l', 's')} ${storeLanes(
        range(lanes).map((lane) => `l_${lane}`),
        'q',
      )} }
    }
  }
}`;
}

const filterPoints = (variant: Variant) => ({
  id: variant.id,
  points: tilePoints(variant),
  taps: variant.depth === 1 ? 9 : 27,
});

/** Sums the slices of a transformed filter gradient and transforms them back by `wtID`: 27 taps, or kd times 9. */
export function filterBack(
  target: Target,
  { id, points, taps }: { readonly id: string; readonly points: number; readonly taps: number },
): string {
  const step = 16 * transformLanes(target);
  const kernelDepth = taps === 9 ? 'kd' : '1';
  // Rows whose taps have room where a block's lines lie otherwise.
  const group = Math.min(8, Math.floor(points / taps));
  return `
// Rows of every point of a transformed filter gradient (us apart, rows pitch apart) to rows of out bytes of every tap (cc
// apart, rows tr apart). Taps are often a power of two apart, so that they evict each other from the caches: several rows
// of one follow each other.
function back${id}(at: usize, us: usize, pitch: usize, rows: i32, target: usize, cc: usize, tr: usize, out: usize, tmp: usize): void {
  const lines = tmp + ${fixedPlaces.lines};
  for (let i = 0; i < rows; i += ${group}, at += ${group} * pitch, target += ${group} * tr) {
    const few = min(${group}, rows - i);
    for (let c: usize = 0; c < out; c += 64) {
      const left = out - c, bytes: usize = left < 64 ? left : 64, width = bytes + ${step - 1} & ~${step - 1};
      for (let j = 0; j < few; j++)
        wt${id}(at + <usize>j * pitch + c, us, lines + <usize>j * 64, ${9 * 64 * group}, ${3 * 64 * group}, ${64 * group}, width, tmp);
      for (let t = 0; t < ${taps}; t++) {
        const s = lines + <usize>t * ${64 * group};
        copyLines(s, s + <usize>few * 64, target + <usize>t * cc + c, tr, bytes);
      }
    }
  }
}
export function filterback${id}(${parameters}): void {
  ${prologue(filterBackLayout)}
  prepare(tmp);
  const out = <usize>co << 2, cc = <usize>ci * out, items = ci * ${kernelDepth};
  for (let item = items * part / parts, e = items * (part + 1) / parts; item < e;) {
    const k = item / ci, c = item % ci, rows = min(min(${group}, ci - c), e - item), at = du + <usize>(k * ${points}) * us + <usize>c * row;
    for (let s = 1; s < slices; s++) for (let p = 0; p < ${points}; p++) {
      let q = at + <usize>p * us;
      const other = <usize>s * sliceBytes;
      for (const stop = q + <usize>rows * row; q < stop; q += 16) v128.store(q, f32x4.add(v128.load(q), v128.load(q + other)));
    }
    back${id}(at, us, row, rows, dw + <usize>(k * 9) * cc + <usize>c * out, cc, out, out, tmp);
    item += rows;
  }
}`;
}
