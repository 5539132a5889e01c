// Sums and additions over rows of w floats; rows and tail as in norm.ts.
import { addWide, laneSum } from './vector';

/** y = x + k for every row; k float32 [w]. */
export function addRow(x: usize, m0: i32, m1: i32, w: i32, tail: i32, k: usize, y: usize): void {
  const wb = (<usize>w) << 2;
  for (let m = m0; m < m1; m++) {
    const p = x + <usize>m * wb,
      q = y + <usize>m * wb;
    for (let o: usize = 0; o < wb; o += 16) v128.store(q + o, f32x4.add(v128.load(p + o), v128.load(k + o)));
  }
  const at = <usize>m1 * wb;
  for (let i: usize = 0; i < (<usize>tail) << 2; i += 4)
    store<f32>(y + at + i, load<f32>(x + at + i) + load<f32>(k + i));
}

/** sums, float64 [w]: sum of the rows. */
export function sumRows(x: usize, m0: i32, m1: i32, w: i32, tail: i32, sums: usize): void {
  const wb = (<usize>w) << 2;
  const step = max(8, min(128, 4096 / w));
  memory.fill(sums, 0, wb << 1);
  for (let m = m0; m < m1; m += step) {
    const base = x + <usize>m * wb;
    const bytes = <usize>min(step, m1 - m) * wb;
    let o: usize = 0;
    for (; o + 64 <= wb; o += 64) {
      let s0 = f32x4.splat(0),
        s1 = s0,
        s2 = s0,
        s3 = s0;
      for (let p = base + o, e = p + bytes; p < e; p += wb) {
        s0 = f32x4.add(s0, v128.load(p));
        s1 = f32x4.add(s1, v128.load(p, 16));
        s2 = f32x4.add(s2, v128.load(p, 32));
        s3 = f32x4.add(s3, v128.load(p, 48));
      }
      const s = sums + (o << 1);
      addWide(s, s0);
      addWide(s + 32, s1);
      addWide(s + 64, s2);
      addWide(s + 96, s3);
    }
    for (; o < wb; o += 16) {
      let s0 = f32x4.splat(0);
      for (let p = base + o, e = p + bytes; p < e; p += wb) s0 = f32x4.add(s0, v128.load(p));
      addWide(sums + (o << 1), s0);
    }
  }
  const end = x + <usize>m1 * wb;
  for (let i: usize = 0; i < <usize>tail; i++) {
    const s = sums + (i << 3);
    store<f64>(s, load<f64>(s) + <f64>load<f32>(end + (i << 2)));
  }
}

/** result: one float64, the sum of elements i0..i1. */
export function sumFlat(x: usize, i0: usize, i1: usize, result: usize): void {
  let total: f64 = 0;
  let p = x + (i0 << 2);
  const end = x + (i1 << 2),
    vectors = p + ((end - p) & ~15);
  while (p < vectors) {
    // float32 over 256 vectors, float64 across.
    const stop = min(vectors, p + 4096);
    let s0 = f32x4.splat(0),
      s1 = s0;
    for (; p + 32 <= stop; p += 32) {
      s0 = f32x4.add(s0, v128.load(p));
      s1 = f32x4.add(s1, v128.load(p, 16));
    }
    for (; p < stop; p += 16) s0 = f32x4.add(s0, v128.load(p));
    total += laneSum(s0) + laneSum(s1);
  }
  for (; p < end; p += 4) total += <f64>load<f32>(p);
  store<f64>(result, total);
}

/** y[r] = factor times the sum of the count values of run r, for runs r0..r1 that follow one another. */
export function sumRuns(x: usize, r0: i32, r1: i32, count: i32, factor: f64, y: usize): void {
  const bytes = (<usize>count) << 2,
    vectors = bytes & ~15;
  for (let r = r0; r < r1; r++) {
    const start = x + <usize>r * bytes;
    let total: f64 = 0;
    let o: usize = 0;
    while (o < vectors) {
      const stop = min(vectors, o + 4096);
      let s = f32x4.splat(0);
      for (; o < stop; o += 16) s = f32x4.add(s, v128.load(start + o));
      total += laneSum(s);
    }
    for (; o < bytes; o += 4) total += <f64>load<f32>(start + o);
    store<f32>(y + ((<usize>r) << 2), <f32>(total * factor));
  }
}
