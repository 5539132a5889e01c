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

/** y = leaky(k[0] * (x - k[2]) + k[1]); k float32 [3][w]. */
export function normApply(x: usize, m0: i32, m1: i32, w: i32, tail: i32, k: usize, slope: f32, y: usize): void {
  const wb = (<usize>w) << 2;
  const step = stripRows(w);
  const negative = f32x4.splat(slope);
  for (let m = m0; m < m1; m += step) {
    const at = <usize>m * wb;
    const bytes = <usize>min(step, m1 - m) * wb;
    let o: usize = 0;
    for (; o + 64 <= wb; o += 64) {
      const a = k + o,
        b = a + wb,
        c = b + wb;
      const a0 = v128.load(a),
        a1 = v128.load(a, 16),
        a2 = v128.load(a, 32),
        a3 = v128.load(a, 48);
      const b0 = v128.load(b),
        b1 = v128.load(b, 16),
        b2 = v128.load(b, 32),
        b3 = v128.load(b, 48);
      const c0 = v128.load(c),
        c1 = v128.load(c, 16),
        c2 = v128.load(c, 32),
        c3 = v128.load(c, 48);
      for (let p = x + at + o, q = y + at + o, e = p + bytes; p < e; p += wb, q += wb) {
        let t = madd(f32x4.sub(v128.load(p), c0), a0, b0);
        v128.store(q, leak(t, t, negative));
        t = madd(f32x4.sub(v128.load(p, 16), c1), a1, b1);
        v128.store(q, leak(t, t, negative), 16);
        t = madd(f32x4.sub(v128.load(p, 32), c2), a2, b2);
        v128.store(q, leak(t, t, negative), 32);
        t = madd(f32x4.sub(v128.load(p, 48), c3), a3, b3);
        v128.store(q, leak(t, t, negative), 48);
      }
    }
    for (; o < wb; o += 16) {
      const a0 = v128.load(k + o),
        b0 = v128.load(k + o + wb),
        c0 = v128.load(k + o + 2 * wb);
      for (let p = x + at + o, q = y + at + o, e = p + bytes; p < e; p += wb, q += wb) {
        const t = madd(f32x4.sub(v128.load(p), c0), a0, b0);
        v128.store(q, leak(t, t, negative));
      }
    }
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
  const step = stripRows(w);
  const negative = f32x4.splat(slope);
  const k3 = k + 3 * wb;
  for (let m = m0; m < m1; m += step) {
    const at = <usize>m * wb;
    const bytes = <usize>min(step, m1 - m) * wb;
    let o: usize = 0;
    for (; o + 32 <= wb; o += 32) {
      const a = k + o,
        b = a + wb,
        c = k3 + o,
        d = c + wb,
        f = d + wb;
      const a0 = v128.load(a),
        a1 = v128.load(a, 16),
        b0 = v128.load(b),
        b1 = v128.load(b, 16);
      const e0 = v128.load(b + wb),
        e1 = v128.load(b + wb, 16);
      const c0 = v128.load(c),
        c1 = v128.load(c, 16),
        d0 = v128.load(d),
        d1 = v128.load(d, 16),
        f0 = v128.load(f),
        f1 = v128.load(f, 16);
      for (let p = x + at + o, r = dy + at + o, q = dx + at + o, e = p + bytes; p < e; p += wb, r += wb, q += wb) {
        let v = f32x4.sub(v128.load(p), e0);
        v128.store(q, madd(leak(madd(v, a0, b0), v128.load(r), negative), c0, madd(v, d0, f0)));
        v = f32x4.sub(v128.load(p, 16), e1);
        v128.store(q, madd(leak(madd(v, a1, b1), v128.load(r, 16), negative), c1, madd(v, d1, f1)), 16);
      }
    }
    for (; o < wb; o += 16) {
      const a0 = v128.load(k + o),
        b0 = v128.load(k + o + wb),
        e0 = v128.load(k + o + 2 * wb),
        c0 = v128.load(k3 + o),
        d0 = v128.load(k3 + o + wb),
        f0 = v128.load(k3 + o + 2 * wb);
      for (let p = x + at + o, r = dy + at + o, q = dx + at + o, e = p + bytes; p < e; p += wb, r += wb, q += wb) {
        const v = f32x4.sub(v128.load(p), e0);
        v128.store(q, madd(leak(madd(v, a0, b0), v128.load(r), negative), c0, madd(v, d0, f0)));
      }
    }
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
