// Norm with leaky ReLU over rows of w floats, w a multiple of 4 (for other channel counts two or four positions make
// a row). Rows m0..m1 are this call's; tail floats follow them (less than a row) at the end of a sample.
// Sums are float32 over short blocks and float64 across them.
import { addWide, leak, madd } from './vector';

// Rows whose sums are float32.
function blockRows(w: i32): i32 {
  return max(8, min(128, 8192 / w));
}

// Rows whose columns are visited in turn, coefficients in registers: about 1 KB, because memory that is not in a cache
// comes fast only in its order.
function stripRows(w: i32): i32 {
  return max(2, 256 / w);
}

/** sums, float64 [2][w]: sum of (x - pivot) and of its square; followed by float32 [2][w] of scratch. */
export function normStats(x: usize, m0: i32, m1: i32, w: i32, tail: i32, pivot: usize, sums: usize): void {
  const wb = (<usize>w) << 2;
  const step = blockRows(w),
    strip = stripRows(w);
  const squares = sums + (wb << 1);
  const partial = sums + (wb << 2);
  memory.fill(sums, 0, wb << 2);
  for (let m = m0; m < m1; m += step) {
    const stop = min(m1, m + step);
    memory.fill(partial, 0, wb << 1);
    for (let r = m; r < stop; r += strip) {
      statsStrip(x + <usize>r * wb, <usize>min(strip, stop - r) * wb, wb, pivot, partial);
    }
    widen(sums, partial, wb << 1);
  }
  const end = x + <usize>m1 * wb;
  for (let i = 0; i < tail; i++) {
    const v = <f64>load<f32>(end + ((<usize>i) << 2)) - <f64>load<f32>(pivot + ((<usize>i) << 2));
    const s = sums + ((<usize>i) << 3),
      q = squares + ((<usize>i) << 3);
    store<f64>(s, load<f64>(s) + v);
    store<f64>(q, load<f64>(q) + v * v);
  }
}

/** Adds float32 sums to float64 ones. */
function widen(sums: usize, partial: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) addWide(sums + (i << 1), v128.load(partial + i));
}

function statsStrip(base: usize, bytes: usize, wb: usize, pivot: usize, partial: usize): void {
  let o: usize = 0;
  for (; o + 64 <= wb; o += 64) {
    const p0 = v128.load(pivot + o),
      p1 = v128.load(pivot + o, 16),
      p2 = v128.load(pivot + o, 32),
      p3 = v128.load(pivot + o, 48);
    const s = partial + o,
      q = s + wb;
    let s0 = v128.load(s),
      s1 = v128.load(s, 16),
      s2 = v128.load(s, 32),
      s3 = v128.load(s, 48),
      q0 = v128.load(q),
      q1 = v128.load(q, 16),
      q2 = v128.load(q, 32),
      q3 = v128.load(q, 48);
    for (let p = base + o, e = p + bytes; p < e; p += wb) {
      let v = f32x4.sub(v128.load(p), p0);
      s0 = f32x4.add(s0, v);
      q0 = madd(v, v, q0);
      v = f32x4.sub(v128.load(p, 16), p1);
      s1 = f32x4.add(s1, v);
      q1 = madd(v, v, q1);
      v = f32x4.sub(v128.load(p, 32), p2);
      s2 = f32x4.add(s2, v);
      q2 = madd(v, v, q2);
      v = f32x4.sub(v128.load(p, 48), p3);
      s3 = f32x4.add(s3, v);
      q3 = madd(v, v, q3);
    }
    v128.store(s, s0);
    v128.store(s, s1, 16);
    v128.store(s, s2, 32);
    v128.store(s, s3, 48);
    v128.store(q, q0);
    v128.store(q, q1, 16);
    v128.store(q, q2, 32);
    v128.store(q, q3, 48);
  }
  for (; o < wb; o += 16) {
    const p0 = v128.load(pivot + o);
    let s0 = v128.load(partial + o),
      q0 = v128.load(partial + wb + o);
    for (let p = base + o, e = p + bytes; p < e; p += wb) {
      const v = f32x4.sub(v128.load(p), p0);
      s0 = f32x4.add(s0, v);
      q0 = madd(v, v, q0);
    }
    v128.store(partial + o, s0);
    v128.store(partial + wb + o, q0);
  }
}

// Applies go through two rows a turn in the order of memory; coefficients come from the first-level cache.

/** y = leaky(k[0] * (x - k[2]) + k[1]); k float32 [3][w]. */
export function normApply(x: usize, m0: i32, m1: i32, w: i32, tail: i32, k: usize, slope: f32, y: usize): void {
  const wb = (<usize>w) << 2;
  const negative = f32x4.splat(slope);
  const pairs = m0 + ((m1 - m0) & ~1);
  for (let m = m0; m < pairs; m += 2) {
    const at = <usize>m * wb;
    for (let p = x + at, q = y + at, a = k, e = p + wb; p < e; p += 16, q += 16, a += 16) {
      const a0 = v128.load(a),
        a1 = v128.load(a + wb),
        a2 = v128.load(a + 2 * wb);
      const t0 = madd(f32x4.sub(v128.load(p), a2), a0, a1),
        t1 = madd(f32x4.sub(v128.load(p + wb), a2), a0, a1);
      v128.store(q, leak(t0, t0, negative));
      v128.store(q + wb, leak(t1, t1, negative));
    }
  }
  for (let o: usize = 0, at = <usize>pairs * wb; pairs < m1 && o < wb; o += 16) {
    const t = madd(
      f32x4.sub(v128.load(x + at + o), v128.load(k + 2 * wb + o)),
      v128.load(k + o),
      v128.load(k + wb + o),
    );
    v128.store(y + at + o, leak(t, t, negative));
  }
  for (let i: usize = 0, at = <usize>m1 * wb; i < (<usize>tail) << 2; i += 4) {
    const centred = f32x4.sub(v128.load32_zero(x + at + i), v128.load32_zero(k + 2 * wb + i));
    const t = f32x4.extract_lane(madd(centred, v128.load32_zero(k + i), v128.load32_zero(k + wb + i)), 0);
    store<f32>(y + at + i, t < 0 ? slope * t : t);
  }
}

/**
 * sums, float64 [3][w]: with g = dy through the leaky ReLU, the sum of g, of g * (x - k[2]) and of x - k[2];
 * k float32 [>=3][w]. float32 [3][w] of scratch follow the sums.
 */
export function normGradStats(
  x: usize,
  dy: usize,
  m0: i32,
  m1: i32,
  w: i32,
  tail: i32,
  k: usize,
  slope: f32,
  sums: usize,
): void {
  const wb = (<usize>w) << 2;
  const step = blockRows(w),
    strip = stripRows(w);
  const negative = f32x4.splat(slope);
  const products = sums + (wb << 1),
    inputs = sums + (wb << 2);
  const partial = sums + 6 * wb;
  memory.fill(sums, 0, 6 * wb);
  for (let m = m0; m < m1; m += step) {
    const stop = min(m1, m + step);
    memory.fill(partial, 0, 3 * wb);
    for (let r = m; r < stop; r += strip) {
      const at = <usize>r * wb;
      gradStatsStrip(x + at, dy + at, <usize>min(strip, stop - r) * wb, wb, k, negative, partial);
    }
    widen(sums, partial, 3 * wb);
  }
  for (let i: usize = 0, at = <usize>m1 * wb; i < (<usize>tail) << 2; i += 4) {
    const v = f32x4.sub(v128.load32_zero(x + at + i), v128.load32_zero(k + 2 * wb + i));
    const g = <f64>(
      f32x4.extract_lane(
        leak(madd(v, v128.load32_zero(k + i), v128.load32_zero(k + wb + i)), v128.load32_zero(dy + at + i), negative),
        0,
      )
    );
    const s = sums + (i << 1),
      q = products + (i << 1),
      t = inputs + (i << 1);
    store<f64>(t, load<f64>(t) + <f64>f32x4.extract_lane(v, 0));
    store<f64>(s, load<f64>(s) + g);
    store<f64>(q, load<f64>(q) + g * <f64>f32x4.extract_lane(v, 0));
  }
}

function gradStatsStrip(x: usize, dy: usize, bytes: usize, wb: usize, k: usize, negative: v128, partial: usize): void {
  let o: usize = 0;
  for (; o + 32 <= wb; o += 32) {
    const a = k + o,
      b = a + wb,
      c = b + wb;
    const a0 = v128.load(a),
      a1 = v128.load(a, 16),
      b0 = v128.load(b),
      b1 = v128.load(b, 16),
      c0 = v128.load(c),
      c1 = v128.load(c, 16);
    const s = partial + o,
      q = s + wb,
      t = q + wb;
    let s0 = v128.load(s),
      s1 = v128.load(s, 16),
      q0 = v128.load(q),
      q1 = v128.load(q, 16),
      t0 = v128.load(t),
      t1 = v128.load(t, 16);
    for (let p = x + o, r = dy + o, e = p + bytes; p < e; p += wb, r += wb) {
      let v = f32x4.sub(v128.load(p), c0);
      let g = leak(madd(v, a0, b0), v128.load(r), negative);
      s0 = f32x4.add(s0, g);
      q0 = madd(g, v, q0);
      t0 = f32x4.add(t0, v);
      v = f32x4.sub(v128.load(p, 16), c1);
      g = leak(madd(v, a1, b1), v128.load(r, 16), negative);
      s1 = f32x4.add(s1, g);
      q1 = madd(g, v, q1);
      t1 = f32x4.add(t1, v);
    }
    v128.store(s, s0);
    v128.store(s, s1, 16);
    v128.store(q, q0);
    v128.store(q, q1, 16);
    v128.store(t, t0);
    v128.store(t, t1, 16);
  }
  for (; o < wb; o += 16) {
    const a0 = v128.load(k + o),
      b0 = v128.load(k + o + wb),
      c0 = v128.load(k + o + 2 * wb);
    let s0 = v128.load(partial + o),
      q0 = v128.load(partial + wb + o),
      t0 = v128.load(partial + 2 * wb + o);
    for (let p = x + o, r = dy + o, e = p + bytes; p < e; p += wb, r += wb) {
      const v = f32x4.sub(v128.load(p), c0);
      const g = leak(madd(v, a0, b0), v128.load(r), negative);
      s0 = f32x4.add(s0, g);
      q0 = madd(g, v, q0);
      t0 = f32x4.add(t0, v);
    }
    v128.store(partial + o, s0);
    v128.store(partial + wb + o, q0);
    v128.store(partial + 2 * wb + o, t0);
  }
}

/** dx = k[3] * g + k[4] * (x - k[2]) + k[5], g as in normGradStats; k float32 [6][w]. */
export function normGradApply(
  x: usize,
  dy: usize,
  m0: i32,
  m1: i32,
  w: i32,
  tail: i32,
  k: usize,
  slope: f32,
  dx: usize,
): void {
  const wb = (<usize>w) << 2;
  const negative = f32x4.splat(slope);
  const k3 = k + 3 * wb;
  const pairs = m0 + ((m1 - m0) & ~1);
  for (let m = m0; m < pairs; m += 2) {
    const at = <usize>m * wb;
    for (let p = x + at, r = dy + at, q = dx + at, a = k, e = p + wb; p < e; p += 16, r += 16, q += 16, a += 16) {
      const a0 = v128.load(a),
        a1 = v128.load(a + wb),
        a2 = v128.load(a + 2 * wb),
        a3 = v128.load(a + 3 * wb),
        a4 = v128.load(a + 4 * wb),
        a5 = v128.load(a + 5 * wb);
      const v0 = f32x4.sub(v128.load(p), a2),
        v1 = f32x4.sub(v128.load(p + wb), a2);
      const g0 = leak(madd(v0, a0, a1), v128.load(r), negative),
        g1 = leak(madd(v1, a0, a1), v128.load(r + wb), negative);
      v128.store(q, madd(g0, a3, madd(v0, a4, a5)));
      v128.store(q + wb, madd(g1, a3, madd(v1, a4, a5)));
    }
  }
  for (let o: usize = 0, at = <usize>pairs * wb; pairs < m1 && o < wb; o += 16) {
    const v = f32x4.sub(v128.load(x + at + o), v128.load(k + 2 * wb + o));
    const g = leak(madd(v, v128.load(k + o), v128.load(k + wb + o)), v128.load(dy + at + o), negative);
    const h = madd(v, v128.load(k3 + wb + o), v128.load(k3 + 2 * wb + o));
    v128.store(dx + at + o, madd(g, v128.load(k3 + o), h));
  }
  for (let i: usize = 0, at = <usize>m1 * wb; i < (<usize>tail) << 2; i += 4) {
    const v = f32x4.sub(v128.load32_zero(x + at + i), v128.load32_zero(k + 2 * wb + i));
    const g = leak(
      madd(v, v128.load32_zero(k + i), v128.load32_zero(k + wb + i)),
      v128.load32_zero(dy + at + i),
      negative,
    );
    const r = madd(
      g,
      v128.load32_zero(k3 + i),
      madd(v, v128.load32_zero(k3 + wb + i), v128.load32_zero(k3 + 2 * wb + i)),
    );
    store<f32>(dx + at + i, f32x4.extract_lane(r, 0));
  }
}
