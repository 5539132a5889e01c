import {
  arrangeLayout,
  directLayout,
  filterLayout,
  packLayout,
  padLayout,
  phaseLayout,
  reduceLayout,
} from './layouts.ts';
import { prologue, splitRows, type Target, tileRows, tileWidth } from './target.ts';

/** Layout changes, direct convolution and direct filter gradient: right for every shape. */
export function direct(target: Target): string {
  return [copies(), pad(), pack(target), arrange(), convolve(target), filter(target), reduce()].join('\n');
}

const copies = () => `
function sum(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}
// bytes: a multiple of 4
function copyFloats(src: usize, dst: usize, bytes: usize): void {
  const end = src + bytes;
  for (const e = src + (bytes & ~15); src < e; src += 16, dst += 16) v128.store(dst, v128.load(src));
  for (; src < end; src += 4, dst += 4) store<f32>(dst, load<f32>(src));
}
function clear(dst: usize, bytes: usize): void {
  for (const e = dst + bytes; dst < e; dst += 4) store<i32>(dst, 0);
}`;

const pad = () => `
export function pad(desc: usize, part: i32, parts: i32): void {
  ${prologue(padLayout)}
  const row = <usize>pw * pitch, planes = n * pd, z1 = <i32>(<i64>planes * (part + 1) / parts), inside = min(w, pw - left);
  for (let q = <i32>(<i64>planes * part / parts); q < z1; q++) {
    const z = q % pd - front;
    let o = dst + <usize>(q * ph) * row;
    if (<u32>z >= <u32>d) { memory.fill(o, 0, <usize>ph * row); continue; }
    const plane = src + <usize>((q / pd * d + z) * h) * <usize>w * cb;
    for (let i = 0; i < ph; i++, o += row) {
      const j = i - top;
      if (<u32>j >= <u32>h) { memory.fill(o, 0, row); continue; }
      let s = plane + <usize>(j * w) * cb, t = o + <usize>left * pitch;
      const e = t + <usize>inside * pitch;
      memory.fill(o, 0, t - o);
      if (cb == pitch) memory.copy(t, s, e - t);
      else {
        // What lies in the further channels does not matter, but nothing is read past the row.
        for (const whole = s + <usize>inside * cb - ((cb + 15) & ~15); s <= whole; t += pitch, s += cb) for (let k: usize = 0; k < cb; k += 16) v128.store(t + k, v128.load(s + k));
        for (; t < e; t += pitch, s += cb) copyFloats(s, t, cb);
      }
      memory.fill(e, 0, o + row - e);
    }
  }
}`;

const pack = (target: Target) => {
  const width = tileWidth(target);
  return `
export function pack(desc: usize, part: i32, parts: i32): void {
  ${prologue(packLayout)}
  const inner = transposed ? co : ci, outer = transposed ? ci : co, list = <i32>((tapsEnd - taps) >> 2), items = (outer + ${width - 1}) / ${width} * list;
  for (let item = <i32>(<i64>items * part / parts), e = <i32>(<i64>items * (part + 1) / parts); item < e; item++) {
    const o = item / list * ${width}, valid = min(${width}, outer - o), t = w + ((<usize>load<i32>(taps + (<usize>(item % list) << 2)) * ci * co) << 2);
    if (dense) { copyFloats(t, dst + (<usize>(item * inner) << 2), <usize>inner << 2); continue; }
    let q = dst + (<usize>(item * inner) * ${width * 4});
    for (let c = 0; c < inner; c++, q += ${width * 4}) {
      let s = t + (<usize>(transposed ? o * co + c : c * co + o) << 2);
      const step = <usize>(transposed ? co : 1) << 2;
      for (let i = 0; i < ${width}; i++, s += step) store<f32>(q + (<usize>i << 2), i < valid ? load<f32>(s) : <f32>0);
    }
  }
}`;
};

const arrange = () => `
export function arrange(desc: usize, part: i32, parts: i32): void {
  ${prologue(arrangeLayout)}
  const inner = flip ? co : ci, outer = flip ? ci : co, items = taps * inner;
  for (let item = <i32>(<i64>items * part / parts), e = <i32>(<i64>items * (part + 1) / parts); item < e; item++) {
    const t = item / inner, c = item % inner;
    let s = w + (<usize>(((flip ? taps - 1 - t : t) * ci) * co + (flip ? c : c * co)) << 2), q = dst + <usize>item * pitch;
    const end = q + pitch, step = <usize>(flip ? co : 1) << 2;
    for (let o = 0; o < outer; o++, s += step, q += 4) store<f32>(q, load<f32>(s));
    clear(q, end - q);
  }
}`;

// Few input channels: the taps of each position gathered into one line (pitch bytes apart), so that the product has a
// long inner loop. Runs are copied by vectors; the next run overwrites what a run writes too much.
const gather = () => `
function gather(x: usize, table: usize, tableEnd: usize, run: usize, positions: i32, xw: usize, dst: usize, pitch: usize): void {
  const span = <usize>positions * xw;
  for (; table < tableEnd; table += 4, dst += run) {
    const first = x + load<usize>(table);
    for (let k: usize = 0; k < run; k += 16) {
      let s = first + k, q = dst + k;
      for (const e = s + span; s < e; s += xw, q += pitch) v128.store(q, v128.load(s));
    }
  }
}`;

const convolve = (target: Target) => {
  const width = tileWidth(target);
  const tile = (y: string, pitch: string) =>
    splitRows(
      'ow',
      (r) => `direct${r}(a + <usize>i * ps, t, te, bytes, ps, b, bias + o4, ${y} + <usize>i * ${pitch}, ${pitch})`,
    );
  return `${gather()}
// y = bias + the sum over a phase's runs, for every phase of every row of the grid.
export function direct(desc: usize, part: i32, parts: i32, scratch: usize): void {
  ${prologue(directLayout)}
  const rows = n * gd * gh, r1 = <i32>(<i64>rows * (part + 1) / parts);
  for (let r = <i32>(<i64>rows * part / parts); r < r1; r++) {
    const h = r % gh, d = r / gh % gd, xr = x + <usize>(r / (gh * gd)) * xn + <usize>d * xd + <usize>h * xh;
    const yr = y + <usize>(r / (gh * gd)) * yn + <usize>d * yd + <usize>h * yh;
    for (let k = 0; k < phaseCount; k++) {
      const phase = phases + <usize>k * ${4 * (phaseLayout.addresses.length + phaseLayout.counts.length)};
      ${prologue(phaseLayout, 'phase')}
      if (d >= od || h >= oh || ow <= 0) continue;
      const q = yr + yOffset;
      if (table == tableEnd) {
        for (let i = 0; i < ow; i++) copyFloats(bias, q + <usize>i * yw, <usize>co << 2);
        continue;
      }
      let a = xr, t = table, te = tableEnd, bytes = run, ps = xw;
      if (pitch) {
        gather(xr, table, tableEnd, run, ow, xw, scratch, pitch);
        a = scratch; t = zero; te = zero + 4; ps = pitch; bytes = ((tableEnd - table) >> 2) * run;
      }
      if (dense) {
        const first = load<f32>(bias);
        ${splitRows('ow', (r) => `dot${r}(a + <usize>i * ps, t, te, bytes, ps, weights, first, q + <usize>i * yw, yw)`)}
        continue;
      }
      const wb = ((te - t) >> 2) * bytes * ${width};
      let b = weights;
      for (let o = 0; o < co; o += ${width}, b += wb) {
        const o4 = <usize>o << 2, left = co - o;
        if (left >= ${width}) { const qo = q + o4; ${tile('qo', 'yw')} }
        else {
          const line = scratch + tail, narrow = left <= 4, pitch: usize = narrow ? 16 : ${width * 4};
          if (narrow) {
            let done = 0;
            for (; ow - done >= ${2 * tileRows}; done += ${2 * tileRows}) narrow${2 * tileRows}(a + <usize>done * ps, t, te, bytes, ps, b, bias + o4, line + <usize>done * 16);
            const x0 = a + <usize>done * ps, y0 = line + <usize>done * 16;
            ${splitRows('ow - done', (r) => `narrow${r}(x0 + <usize>i * ps, t, te, bytes, ps, b, bias + o4, y0 + <usize>i * 16)`)}
          } else ${tile('line', String(width * 4))}
          let i = 0;
          // Dense narrow voxels: whole vectors, whose surplus the next voxels overwrite; the last ones go by floats.
          if (co <= 8 && yw == <usize>co << 2) for (const whole = q + <usize>ow * yw - (co > 4 ? 32 : 16); q + <usize>i * yw <= whole; i++) {
            const s = line + <usize>i * pitch, t = q + <usize>i * yw;
            v128.store(t, v128.load(s));
            if (co > 4) v128.store(t, v128.load(s, 16), 16);
          }
          for (; i < ow; i++) copyFloats(line + <usize>i * pitch, q + o4 + <usize>i * yw, <usize>left << 2);
        }
      }
    }
  }
}`;
};

const filter = (target: Target) => {
  const width = tileWidth(target);
  return `
export function filter(desc: usize, part: i32, parts: i32, scratch: usize): void {
  ${prologue(filterLayout)}
  const slice = part / groups, group = part % groups, total = n * od * oh, q1 = sliceStart(total, slice + 1, slices);
  const k0 = runs * group / groups, k1 = runs * (group + 1) / groups, block = <usize>rows * cb, nb = <usize>ow * yw;
  const c0 = partial + <usize>slice * sliceBytes;
  if (k0 == k1) return;
  let more = 0;
  for (let q = sliceStart(total, slice, slices); q < q1; more = 1) {
    const h = q % oh, hb = pitch ? 1 : min(min(batchRows, oh - h), q1 - q), plane = q / oh;
    const xr = x + <usize>(plane / od) * xn + <usize>(plane % od) * xd + <usize>h * xh, yr = dy + <usize>q * yh;
    if (pitch) {
      gather(xr, table, table + (<usize>runs << 2), run, ow, xw, scratch, pitch);
      for (let o = 0; o < co; o += ${width}) {
        const b = yr + (<usize>o << 2), c = c0 + (<usize>o << 2);
        ${splitRows('rows * runs', (r) => `outer${r}(more, scratch + (<usize>i << 2), pitch, 0, b, yw, 0, nb, 1, c + <usize>i * cb, cb)`)}
      }
    } else for (let k = k0; k < k1; k++) {
      const a = xr + load<usize>(table + (<usize>k << 2));
      for (let o = 0; o < co; o += ${width}) {
        const b = yr + (<usize>o << 2), c = c0 + <usize>k * block + (<usize>o << 2);
        ${splitRows('rows', (r) => `outer${r}(more, a + (<usize>i << 2), xw, xh, b, yw, yh, nb, hb, c + <usize>i * cb, cb)`)}
      }
    }
    q += hb;
  }
}`;
};

const reduce = () => `
export function reduce(desc: usize, part: i32, parts: i32): void {
  ${prologue(reduceLayout)}
  const bytes = <usize>floats << 2, whole = bytes & ~15;
  for (let r = <i32>(<i64>rows * part / parts), e = <i32>(<i64>rows * (part + 1) / parts); r < e; r++) {
    const s = src + <usize>r * srcRow, o = dst + <usize>r * bytes;
    let i: usize = 0;
    for (; i < whole; i += 16) {
      let a = v128.load(s + i);
      for (let k = 1; k < slices; k++) a = f32x4.add(a, v128.load(s + i + <usize>k * sliceBytes));
      v128.store(o + i, a);
    }
    for (; i < bytes; i += 4) {
      let a = load<f32>(s + i);
      for (let k = 1; k < slices; k++) a += load<f32>(s + i + <usize>k * sliceBytes);
      store<f32>(o + i, a);
    }
  }
}`;
