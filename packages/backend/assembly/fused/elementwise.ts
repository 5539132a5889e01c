// Elementwise operations on elements i0..i1 of float32 arrays.
import { laneSum, madd } from './vector';

export function add(a: usize, b: usize, y: usize, i0: usize, i1: usize): void {
  let i = i0 << 2;
  const end = i1 << 2,
    vectors = i + ((end - i) & ~15);
  for (; i < vectors; i += 16) v128.store(y + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
  for (; i < end; i += 4) store<f32>(y + i, load<f32>(a + i) + load<f32>(b + i));
}

export function multiply(a: usize, b: usize, y: usize, i0: usize, i1: usize): void {
  let i = i0 << 2;
  const end = i1 << 2,
    vectors = i + ((end - i) & ~15);
  for (; i < vectors; i += 16) v128.store(y + i, f32x4.mul(v128.load(a + i), v128.load(b + i)));
  for (; i < end; i += 4) store<f32>(y + i, load<f32>(a + i) * load<f32>(b + i));
}

/** y = factor * a. */
export function scale(a: usize, factor: f32, y: usize, i0: usize, i1: usize): void {
  let i = i0 << 2;
  const end = i1 << 2,
    vectors = i + ((end - i) & ~15),
    f = f32x4.splat(factor);
  for (; i < vectors; i += 16) v128.store(y + i, f32x4.mul(v128.load(a + i), f));
  for (; i < end; i += 4) store<f32>(y + i, load<f32>(a + i) * factor);
}

/** result: one float64, the sum of squares. */
export function sumOfSquares(x: usize, i0: usize, i1: usize, result: usize): void {
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
      const a = v128.load(p),
        b = v128.load(p, 16);
      s0 = madd(a, a, s0);
      s1 = madd(b, b, s1);
    }
    for (; p < stop; p += 16) {
      const a = v128.load(p);
      s0 = madd(a, a, s0);
    }
    total += laneSum(s0) + laneSum(s1);
  }
  for (; p < end; p += 4) {
    const v = <f64>load<f32>(p);
    total += v * v;
  }
  store<f64>(result, total);
}
