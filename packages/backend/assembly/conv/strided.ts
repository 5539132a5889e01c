import { weightsLayout, winogradLayout } from './layouts.ts';
import { blockReader } from './line-readers.ts';
import { readAhead } from './read-ahead.ts';
import { separable } from './separable.ts';
import { stridedPlaces } from './strided-places.ts';
import { prologue, range, splitRows, type Target, tileRows, tileWidth, transformLanes } from './target.ts';
import type { LineTransform, ToomCook } from './toom-cook.ts';
import { filterBack } from './winograd-drivers.ts';
import { zerosPlace } from './winograd-variants.ts';

/**
 * The gradients of 3x3x3 convolutions with stride 2 by Winograd's method in all three axes. (Forward, the products that
 * this saves over variant 14s2 cost as much in transforms.)
 *
 * With stride 2 the taps 0 and 2 of an axis meet every other input, which is a convolution with 2 taps; tap 1 meets the
 * inputs between them directly. A tile is 2 x 4 x 4 outputs, or output gradients: F(4, 2) in plane needs 5 + 4 = 9 products for 12 an axis,
 * F(2, 2) along the depth 3 + 2 = 5 for 6. Together 405 products do the work of 864.
 *
 * Along the depth, planes a, b, c (every other input) and weights f, m, l (first, middle, last) give
 * `y0 = (a - b) f + b (f + l)` and `y1 = b (f + l) + (c - b) l`, and the planes between them are multiplied by m.
 */
export function strided(target: Target, toomCook: ToomCook): string {
  return [
    transforms(target, toomCook),
    readers(target, toomCook),
    products(target),
    outers(target),
    inputGradient(target),
    filterGradient(toomCook),
    weights(target),
    filterBack(target, { id: 's', points: 4 * weightPoints, taps: 27 }),
  ].join('\n');
}

/** Products of a tile in one plane, and the different weights among them. */
const planePoints = 81;
const weightPoints = 36;

const add = (a: string, b: string) => `f32x4.add(${a}, ${b})`;
const sub = (a: string, b: string) => `f32x4.sub(${a}, ${b})`;
const expressions = (toomCook: ToomCook, values: readonly string[]): readonly [string, readonly string[]] => {
  const u = toomCook.fresh('t');
  return [`const ${values.map((value, i) => `${u}${i} = ${value}`).join(', ')};`, values.map((_, i) => `${u}${i}`)];
};

/** Transforms along the depth. */
const depthLines = (toomCook: ToomCook) => {
  const line =
    (f: (x: readonly string[]) => readonly string[]): LineTransform =>
    (x) =>
      expressions(toomCook, f(x));
  return {
    /** 5 input planes: a, between, b, between, c. */
    input: line(([a, p, b, q, c]) => [sub(a!, b!), p!, b!, sub(c!, b!), q!]),
    weights: line(([f, m, l]) => [f!, m!, add(f!, l!), l!, m!]),
    gradient: line(([g0, g1]) => [g0!, add(g0!, g1!), g1!]),
    same: line(([a]) => [a!]),
    /** The outer planes of three. */
    difference: line(([a, , b]) => [sub(a!, b!)]),
    opposite: line(([b, , c]) => [sub(c!, b!)]),
    weightGradient: line(([first, middle, shared, last]) => [add(first!, shared!), middle!, add(shared!, last!)]),
    /** 3 planes of the output gradient: a - b, b, c - b, and a for the middle weight. */
    transposedInput: line(([a, b, c]) => [sub(a!, b!), b!, sub(c!, b!), a!]),
    sum: line(([a, b]) => [add(a!, b!)]),
  };
};

function transforms(target: Target, toomCook: ToomCook): string {
  const one = { inputs: 1, outputs: 1 };
  const depth = depthLines(toomCook);
  const axis = (inputs: number, outputs: number, line: LineTransform) => ({ inputs, outputs, line });
  const make = (spec: Parameters<typeof separable>[2]) => separable(target, toomCook, spec);
  const weight = axis(3, 6, toomCook.stridedWeights);
  const gradient = axis(4, 9, toomCook.stridedGradient);
  const weightGradient = axis(6, 3, toomCook.stridedWeightGradient);
  const back = axis(5, 9, toomCook.transposedInput);
  const spread = axis(9, 8, toomCook.transposedOutput);
  return [
    make({
      name: 'uts',
      axes: [axis(3, 5, depth.weights), weight, weight],
      order: [0, 2, 1],
      source: 'strided',
      target: 'points',
    }),
    make({ name: 'gts', axes: [one, gradient, gradient], order: [0, 2, 1], source: 'compact', target: 'points' }),
    make({
      name: 'wts',
      axes: [axis(4, 3, depth.weightGradient), weightGradient, weightGradient],
      order: [0, 1, 2],
      source: 'points',
      target: 'strided',
    }),
    make({ name: 'vtx', axes: [one, back, back], order: [0, 2, 1], source: 'compact', target: 'points' }),
    // One plane of an input gradient: from one plane of products, or the sum of two.
    make({ name: 'yto', axes: [one, spread, spread], order: [0, 1, 2], source: 'points', target: 'strided' }),
    make({
      name: 'yte',
      axes: [axis(2, 1, depth.sum), spread, spread],
      order: [0, 1, 2],
      source: 'points',
      target: 'strided',
    }),
  ].join('\n');
}

const parameters = 'desc: usize, part: i32, parts: i32, tmp: usize';
const tileSizes = 'TH: i32, TW: i32, t0: i32, t1: i32';
const tensor = 'x: usize, xn: usize, TD: i32, D: i32, H: i32, W: i32, cb: usize';

/**
 * Tiles of the tensor `x` read and transformed: each begins `deep` and `flat` voxels after its neighbour. They are numbered
 * by columns, then depth, then rows: few pages are in use, and the planes that neighbours share are still in a cache.
 */
function reader(
  target: Target,
  toomCook: ToomCook,
  name: string,
  transform: string,
  spec: { side: number; planes: number; slots: number; line: LineTransform; deep: number; flat: number },
): string {
  const { side, planes, slots, line, deep, flat } = spec;
  const lines = side * side * 64;
  const ahead = readAhead({ planes, side, step: flat });
  return `${blockReader(target, toomCook, `${name}`, { side, planes, line })}
// Rows of transformed tiles: v + slot * vs + point * vp + tile * vc.
function read${name}(${tensor}, fd: i32, fh: i32, fw: i32, ${tileSizes}, v: usize, vs: usize, vp: usize, vc: usize, tmp: usize, limit: usize, last: usize): void {
  ${ahead.begin}
  for (let t = t0; t < t1; t++, v += vc) {
    const q = t / TW, r = q / TD, w0 = t % TW * ${flat} + fw, d0 = q % TD * ${deep} + fd, h0 = r % TH * ${flat} + fh, xb = x + <usize>(r / TH) * xn;
    ${ahead.read('xb', ['d0', 'h0', 'w0'], `tmp + ${stridedPlaces.lines}`)}
    for (let c: usize = 0; c < vc; c += 64) {
      const lines = tmp + ${stridedPlaces.lines}, left = vc - c, width = left < 64 ? left : 64;
      if (c + 64 <= cb) pre${name}(xb + c, D, H, W, cb, d0, h0, w0, tmp + ${zerosPlace}, lines);
      else for (let i: usize = 0; i < width; i += 16)
        part${name}(xb + c + i, D, c + i < cb ? H : 0, W, cb, d0, h0, w0, tmp + ${zerosPlace}, lines + i, limit, last);
      for (let i = 0; i < ${slots}; i++) ${transform}(lines + <usize>i * ${lines}, v + c + <usize>i * vs, vp, width, tmp);
    }
  }
}`;
}

/** One factor of a product: its number among those of all planes, or how it alone comes from `count` planes after `from`. */
interface Factor {
  readonly slot: number;
  readonly from: number;
  readonly count: number;
  readonly line: LineTransform;
}

/**
 * The products of a filter gradient along the depth: inputs, output gradients, and whose weight's gradient (0: first,
 * 1: middle, 2: shared, 3: last) they are. The middle weight has two.
 */
const filterTerms = (
  toomCook: ToomCook,
): readonly { readonly weight: number; readonly input: Factor; readonly gradient: Factor }[] => {
  const { same, difference, opposite, sum } = depthLines(toomCook);
  const first: Factor = { slot: 0, from: 0, count: 1, line: same };
  const second: Factor = { slot: 2, from: 1, count: 1, line: same };
  const both: Factor = { slot: 1, from: 0, count: 2, line: sum };
  return [
    { weight: 1, input: { slot: 1, from: 1, count: 1, line: same }, gradient: first },
    { weight: 1, input: { slot: 4, from: 3, count: 1, line: same }, gradient: second },
    { weight: 0, input: { slot: 0, from: 0, count: 3, line: difference }, gradient: first },
    { weight: 2, input: { slot: 2, from: 2, count: 1, line: same }, gradient: both },
    { weight: 3, input: { slot: 3, from: 2, count: 3, line: opposite }, gradient: second },
  ];
};

function readers(target: Target, toomCook: ToomCook): string {
  const depth = depthLines(toomCook);
  const inputs = { side: 9, deep: 4, flat: 8 };
  const gradients = { side: 4, deep: 2, flat: 4 };
  return [
    reader(target, toomCook, 'xs', 'vt14s2', { ...inputs, planes: 5, slots: 5, line: depth.input }),
    reader(target, toomCook, 'gs', 'gts', { ...gradients, planes: 2, slots: 3, line: depth.gradient }),
    // One factor at a time.
    ...filterTerms(toomCook).flatMap(({ input, gradient }, i) => [
      reader(target, toomCook, `xs${i}`, 'vt14s2', { ...inputs, planes: input.count, slots: 1, line: input.line }),
      reader(target, toomCook, `gs${i}`, 'gts', {
        ...gradients,
        planes: gradient.count,
        slots: 1,
        line: gradient.line,
      }),
    ]),
    reader(target, toomCook, 'dys', 'vtx', {
      side: 5,
      planes: 3,
      slots: 4,
      line: depth.transposedInput,
      deep: 2,
      flat: 4,
    }),
  ].join('\n');
}

/** Number of the weights of product (i, j): the direct ones share theirs. */
const weightOf = (i: string, j: string) => `<usize>(min(${i}, 5) * 6 + min(${j}, 5))`;

function products(target: Target): string {
  const width = tileWidth(target);
  return `
// M[t][co] = the sum over n slots of V_slot[t][ci] B[slot][ci][width], for the tiles of one product and all blocks of co.
function rows(n: i32, a: usize, next: usize, vc: usize, nt: i32, kb: usize, co: i32, b: usize, bb: usize, c: usize, mc: usize): void {
  for (let o = 0; o < co; o += ${width}, b += bb, c += ${width * 4}) {
    const full = nt % ${tileRows} == 0 || nt > ${2 * tileRows} ? nt / ${tileRows} : 0;
    if (full) gemm${tileRows}(full, n, a, next, next, vc, kb, b, c, mc);
    const rest = nt - full * ${tileRows}, f = <usize>(full * ${tileRows});
    if (rest) ${splitRows('rest', (r) => `gemm${r}(1, n, a + (f + i) * vc, next + (f + i) * vc, next, vc, kb, b, c + (f + i) * mc, mc)`)}
  }
}`;
}

function outers(target: Target): string {
  const width = tileWidth(target);
  return `
// C[ci][co] += the sum over runs of tiles of V[t][ci] D[t][co]; runs are ar and br apart.
function columns(a: usize, vc: usize, ar: usize, b: usize, gc: usize, br: usize, nt: i32, runs: i32, ci: i32, co: i32, c: usize): void {
  for (let o = 0; o < co; o += ${width}) {
    const q = b + (<usize>o << 2), r = c + (<usize>o << 2);
    ${splitRows('ci', (r) => `outer${r}(1, a + (<usize>i << 2), vc, ar, q, gc, br, <usize>nt * gc, runs, r + <usize>i * gc, gc)`)}
  }
}`;
}

/** Scratch of a thread: `v` inputs, then `m` outputs or gradients; rows 64 bytes further apart, against conflicts in L1. */
const scratch = (
  slots: number | string,
) => `const vp = <usize>tb * vc + 64, mp = <usize>tb * mc + 64, vs = ${planePoints} * vp, ms = ${planePoints} * mp;
  const v = tmp + ${stridedPlaces.blocks}, m = v + ${slots} * vs;
  prepare(tmp);`;
const lastValues = (pointer: string, batch: string, voxel: string, name: 'lastInput' | 'lastGradient') => {
  const last = `${pointer}Last`;
  return `const ${pointer}End = ${pointer} + <usize>n * ${batch}, ${last} = tmp + ${stridedPlaces[name]};
  if (${voxel} & 15) copyFloats(${pointer}End - (${voxel} & 15), ${last}, ${voxel} & 15);`;
};
const tiling = (d: string, h: string, w: string) =>
  `const TD = ${d}, TH = ${h}, TW = ${w}, tiles = n * TD * TH * TW, blocks = (tiles + tb - 1) / tb;`;
const outputTiling = tiling('(od + 1) / 2', '(oh + 3) / 4', '(ow + 3) / 4');

/** Copies a plane of outputs from 64-byte lines to the tensor: rows h0 to h1 and columns w0 to w1 of an 8 x 8 tile. */
const storePlane = `
function storePlane(edge: usize, q: usize, sh: usize, cb: usize, h0: i32, h1: i32, w0: i32, w1: i32, bytes: usize): void {
  for (let j = h0; j < h1; j++) {
    const s = edge + <usize>((j * 8 + w0) * 64);
    copyLines(s, s + <usize>(w1 - w0) * 64, q + <usize>(j - h0) * sh, cb, bytes);
  }
}`;

/**
 * The adjoint: tiles of 4 x 8 x 8 input voxels from 3 x 5 x 5 output gradients. Position q = voxel + padding is met by
 * the middle tap where it is odd, by the others where it is even; tiles begin at odd positions, one before the first
 * voxel if the padding is even. Here x is the output gradient, y the input's.
 */
function inputGradient(target: Target): string {
  const width = tileWidth(target) * 4;
  return `${storePlane}
export function gradients2(${parameters}): void {
  ${prologue(winogradLayout)}
  ${scratch(4)}
  ${lastValues('x', 'xn', 'cb', 'lastInput')}
  const fd = (pd & 1) - 1, fh = (ph & 1) - 1, fw = (pw & 1) - 1;
  ${tiling('(od - fd + 3) / 4', '(oh - fh + 7) / 8', '(ow - fw + 7) / 8')}
  const kb = <usize>ci << 2, step = kb * ${width / 4}, bb = 5 * step, edge = tmp + ${stridedPlaces.edge};
  const sh = <usize>ow * yb, sd = <usize>oh * sh;
  for (let b = blocks * part / parts, b1 = blocks * (part + 1) / parts; b < b1; b++) {
    const t0 = b * tb, t1 = min(t0 + tb, tiles), nt = t1 - t0;
    readdys(x, xn, TD, d, h, w, cb, (fd + pd - 1) >> 1, (fh + ph - 1) >> 1, (fw + pw - 1) >> 1, TH, TW, t0, t1, v, vs, vp, vc, tmp, xEnd - 16, xLast);
    for (let i = 0, a = v, c = m; i < 9; i++) for (let j = 0; j < 9; j++, a += vp, c += mp) {
      const q = u + ${weightOf('i', 'j')} * us;
      rows(1, a, 0, vc, nt, kb, co, q, bb, c, mc);
      rows(1, a + vs, 0, vc, nt, kb, co, q + 2 * step, bb, c + ms, mc);
      rows(1, a + 2 * vs, 0, vc, nt, kb, co, q + 3 * step, bb, c + 2 * ms, mc);
      rows(1, a + 3 * vs, 0, vc, nt, kb, co, q + step, bb, c + 3 * ms, mc);
      rows(1, a + vs, 0, vc, nt, kb, co, q + step, bb, c + 4 * ms, mc);
    }
    for (let t = t0, s = m; t < t1; t++, s += mc) {
      const k = t / TW, r = k / TD, w0 = t % TW * 8 + fw, d0 = k % TD * 4 + fd, h0 = r % TH * 8 + fh;
      const hs = max(0, -h0), ws = max(0, -w0), q = y + <usize>(r / TH) * yn + <usize>(h0 + hs) * sh + <usize>(w0 + ws) * yb;
      for (let c: usize = 0; c < yb; c += 64) {
        const left = mc - c, width: usize = left < 64 ? left : 64;
        for (let i = max(0, -d0), id = min(4, od - d0); i < id; i++) {
          if (i & 1) yte(s + c + <usize>(i >> 1) * ms, mp, edge, 0, 512, 64, width, tmp);
          else yto(s + c + <usize>(3 + (i >> 1)) * ms, mp, edge, 0, 512, 64, width, tmp);
          storePlane(edge, q + <usize>(d0 + i) * sd + c, sh, yb, hs, min(8, oh - h0), ws, min(8, ow - w0), yb - c);
        }
      }
    }
  }
}`;
}

function filterGradient(toomCook: ToomCook): string {
  const terms = filterTerms(toomCook);
  const read = (suffix: string, inputs: number, gradients: number) =>
    `readxs${suffix}(x, xn, TD, d, h, w, cb, ${inputs} - pd, -ph, -pw, TH, TW, t0, t1, v, vs, vp, vc, tmp, xEnd - 16, xLast);
    readgs${suffix}(y, yn, TD, od, oh, ow, yb, ${gradients}, 0, 0, TH, TW, t0, t1, m, ms, mp, mc, tmp, yEnd - 16, yLast);`;
  const cases = terms.map(
    ({ weight, input, gradient }, i) => `case ${i}:
          if (all) { a += ${input.slot} * vs; g += ${gradient.slot} * ms; }
          else { ${read(String(i), input.from, gradient.from)} }
          c += <usize>(${weight} * ${weightPoints}) * us;
          break;`,
  );
  return `
// Transformed filter gradients of a slice of the blocks: 4 x 36 points (first, middle, shared, last along the depth), or,
// with 4 segments, those of one of the four weights; the middle one's take twice as long and come first.
export function filters2(${parameters}): void {
  ${prologue(winogradLayout)}
  const all = segments == 1;
  ${scratch('(all ? 5 : 1)')}
  ${lastValues('x', 'xn', 'cb', 'lastInput')}
  ${lastValues('y', 'yn', 'yb', 'lastGradient')}
  ${outputTiling}
  const slices = parts / segments, slice = part % slices, group = part / slices;
  const first = all || group == 1 ? 0 : group ? group : 1, term0 = group ? group + 1 : 0, term1 = all ? ${terms.length} : group + 2;
  const du = u + <usize>slice * sliceBytes;
  memory.fill(du + <usize>(first * ${weightPoints}) * us, 0, <usize>(all ? ${4 * weightPoints} : ${weightPoints}) * us);
  for (let b = sliceStart(blocks, slice, slices), b1 = sliceStart(blocks, slice + 1, slices); b < b1; b++) {
    const t0 = b * tb, t1 = min(t0 + tb, tiles), nt = t1 - t0;
    if (all) { ${read('', 0, 0)} }
    for (let term = term0; term < term1; term++) {
      let a = v, g = m, c = du;
      switch (term) {
        ${cases.join('\n        ')}
      }
      for (let i = 0; i < 9; i++) for (let j = 0; j < 6; j++) {
        // The direct products of a row belong to the same weights.
        const runs = j < 5 ? 1 : 4, p = <usize>(i * 9 + j);
        columns(a + p * vp, vc, vp, g + p * mp, mc, mp, nt, runs, ci, co, c + ${weightOf('i', 'j')} * us);
      }
    }
  }
}`;
}

function weights(target: Target): string {
  const lanes = transformLanes(target);
  const width = tileWidth(target);
  return `
// U[36 points][co block][5: first, middle, first + last, last, middle][ci][width] from weights [27][ci][pitch].
export function weightss2(${parameters}): void {
  ${prologue(weightsLayout)}
  prepare(tmp);
  const one = tmp + ${stridedPlaces.lines}, pp: usize = ${16 * lanes}, tap = <usize>ci * pitch, items = co / ${width} * ci;
  for (let item = items * part / parts, e = items * (part + 1) / parts; item < e; item++) {
    const block = item / ci, c = item % ci;
    for (let i: usize = 0; i < ${width * 4}; i += pp) {
      uts(w + <usize>c * pitch + <usize>block * ${width * 4} + i, 9 * tap, 3 * tap, tap, one, pp, pp, tmp);
      for (let k = 0, s = one; k < 5; k++) {
        let q = u + <usize>((block * 5 + k) * ci + c) * ${width * 4} + i;
        for (let p = 0; p < ${weightPoints}; p++, q += us, s += pp) { ${range(lanes)
          .map((lane) => `v128.store(q, v128.load(s, ${16 * lane}), ${16 * lane});`)
          .join(' ')} }
      }
    }
  }
}`;
}
