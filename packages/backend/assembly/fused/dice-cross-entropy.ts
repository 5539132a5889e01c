// Softmax cross-entropy and Dice over voxels v0..v1 of [voxels][C] logits, four voxels at a time.
import { exp, laneSum } from './vector';

// Four voxels' value of one class; `last` is how many of them exist beyond the first.
function gather(p: usize, stride: usize, last: usize): v128 {
  let v = v128.load32_zero(p);
  v = v128.load32_lane(p + min<usize>(1, last) * stride, v, 1);
  v = v128.load32_lane(p + min<usize>(2, last) * stride, v, 2);
  return v128.load32_lane(p + min<usize>(3, last) * stride, v, 3);
}

function scatter(p: usize, stride: usize, last: usize, v: v128): void {
  v128.store32_lane(p, v, 0);
  if (last > 0) v128.store32_lane(p + stride, v, 1);
  if (last > 1) v128.store32_lane(p + 2 * stride, v, 2);
  if (last > 2) v128.store32_lane(p + 3 * stride, v, 3);
}

// All ones in the lanes that hold a voxel which counts.
function counts(label: v128, last: usize, ignore: i32, ignoring: i32): v128 {
  const exists = i32x4.le_u(i32x4(0, 1, 2, 3), i32x4.splat(<i32>last));
  return ignoring ? v128.andnot(exists, i32x4.eq(label, i32x4.splat(ignore))) : exists;
}

/**
 * Writes softmax probabilities to probs and to sums, float64 [2 + 3 C]: cross-entropy, voxels that count, then per
 * class the sums of p, of y and of p * y. scratch: 64 bytes a class.
 */
export function diceForward(
  logits: usize,
  labels: usize,
  C: i32,
  v0: i32,
  v1: i32,
  ignore: i32,
  ignoring: i32,
  probs: usize,
  sums: usize,
  scratch: usize,
): void {
  const stride = (<usize>C) << 2,
    classes = (<usize>C) << 4;
  const zero = f32x4.splat(0),
    one = f32x4.splat(1);
  memory.fill(sums, 0, 16 + 24 * <usize>C);
  for (let block = v0; block < v1; block += 256) {
    const stop = min(v1, block + 256);
    let linear = zero,
      voxels = zero;
    let product0 = f64x2.splat(1),
      product1 = product0;
    memory.fill(scratch + classes, 0, 3 * classes);
    for (let v = block; v < stop; v += 4) {
      const last = <usize>min(3, stop - 1 - v);
      const at = logits + <usize>v * stride;
      let largest = gather(at, stride, last);
      v128.store(scratch, largest);
      for (let k: usize = 1; k < <usize>C; k++) {
        const z = gather(at + (k << 2), stride, last);
        v128.store(scratch + (k << 4), z);
        largest = f32x4.max(largest, z);
      }
      const label = gather(labels + ((<usize>v) << 2), 4, last);
      const valid = counts(label, last, ignore, ignoring);
      let total = zero,
        labelled = i32x4.splat(0),
        own = zero;
      for (let k: usize = 0; k < <usize>C; k++) {
        const z = v128.load(scratch + (k << 4));
        const y = v128.and(i32x4.eq(label, i32x4.splat(<i32>k)), valid);
        labelled = v128.or(labelled, y);
        own = v128.or(own, v128.and(z, y));
        const e = exp(f32x4.sub(z, largest));
        total = f32x4.add(total, e);
        v128.store(scratch + (k << 4), e);
      }
      const inverse = f32x4.div(one, total);
      for (let k: usize = 0; k < <usize>C; k++) {
        const y = v128.and(i32x4.eq(label, i32x4.splat(<i32>k)), valid);
        const p = f32x4.mul(v128.load(scratch + (k << 4)), inverse);
        scatter(probs + <usize>v * stride + (k << 2), stride, last, p);
        const s = scratch + classes + 48 * k;
        v128.store(s, f32x4.add(v128.load(s), v128.and(p, valid)));
        v128.store(s, f32x4.add(v128.load(s, 16), v128.and(one, y)), 16);
        v128.store(s, f32x4.add(v128.load(s, 32), v128.and(p, y)), 32);
      }
      voxels = f32x4.add(voxels, v128.and(one, valid));
      linear = f32x4.add(linear, v128.and(f32x4.sub(largest, own), labelled));
      // The sum of logarithms is the logarithm of the product: at most C^64 in a lane, well inside float64 for C < 60000.
      const factor = v128.bitselect(total, one, labelled);
      product0 = f64x2.mul(product0, f64x2.promote_low_f32x4(factor));
      product1 = f64x2.mul(
        product1,
        f64x2.promote_low_f32x4(
          i8x16.shuffle(factor, factor, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15),
        ),
      );
    }
    const logs =
      log(f64x2.extract_lane(product0, 0)) +
      log(f64x2.extract_lane(product0, 1)) +
      (log(f64x2.extract_lane(product1, 0)) + log(f64x2.extract_lane(product1, 1)));
    store<f64>(sums, load<f64>(sums) + (laneSum(linear) + logs));
    store<f64>(sums, load<f64>(sums, 8) + laneSum(voxels), 8);
    for (let i: usize = 0; i < 3 * <usize>C; i++) {
      const s = sums + 16 + (i << 3);
      store<f64>(s, load<f64>(s) + laneSum(v128.load(scratch + classes + (i << 4))));
    }
  }
}

// Natural logarithm of x >= 1 in float64: series of 2 atanh((m - 1) / (m + 1)) for the mantissa m in 0.7..1.4.
function log(x: f64): f64 {
  const bits = reinterpret<i64>(x);
  let exponent = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent++;
  }
  const t = (m - 1) / (m + 1),
    u = t * t;
  // |t| <= 0.1716: the next term is below 1e-17.
  let s: f64 = 1.0 / 21.0;
  s = s * u + 1.0 / 19.0;
  s = s * u + 1.0 / 17.0;
  s = s * u + 1.0 / 15.0;
  s = s * u + 1.0 / 13.0;
  s = s * u + 1.0 / 11.0;
  s = s * u + 1.0 / 9.0;
  s = s * u + 1.0 / 7.0;
  s = s * u + 1.0 / 5.0;
  s = s * u + 1.0 / 3.0;
  s = s * u + 1.0;
  return <f64>exponent * Math.LN2 + 2 * t * s;
}

/**
 * In place: probabilities to the gradient for logits. table, float32 [2][C]: d loss / d p of the Dice term where the
 * voxel is not of the class, and where it is; ce: the cross-entropy's weight a voxel. scratch: 32 bytes a class.
 */
export function diceBackward(
  grad: usize,
  labels: usize,
  C: i32,
  v0: i32,
  v1: i32,
  ignore: i32,
  ignoring: i32,
  table: usize,
  ce: f32,
  scratch: usize,
): void {
  const stride = (<usize>C) << 2,
    classes = (<usize>C) << 4;
  const one = f32x4.splat(1),
    factor = f32x4.splat(ce);
  for (let v = v0; v < v1; v += 4) {
    const last = <usize>min(3, v1 - 1 - v);
    const at = grad + <usize>v * stride;
    const label = gather(labels + ((<usize>v) << 2), 4, last);
    const valid = counts(label, last, ignore, ignoring);
    let dot = f32x4.splat(0),
      labelled = i32x4.splat(0);
    for (let k: usize = 0; k < <usize>C; k++) {
      const y = i32x4.eq(label, i32x4.splat(<i32>k));
      const p = gather(at + (k << 2), stride, last);
      const g = v128.bitselect(v128.load32_splat(table + stride + (k << 2)), v128.load32_splat(table + (k << 2)), y);
      v128.store(scratch + (k << 4), p);
      v128.store(scratch + classes + (k << 4), g);
      dot = f32x4.add(dot, f32x4.mul(p, g));
      labelled = v128.or(labelled, y);
    }
    const weight = v128.and(factor, labelled);
    for (let k: usize = 0; k < <usize>C; k++) {
      const p = v128.load(scratch + (k << 4)),
        g = v128.load(scratch + classes + (k << 4));
      const y = v128.and(one, i32x4.eq(label, i32x4.splat(<i32>k)));
      const d = f32x4.add(f32x4.mul(p, f32x4.sub(g, dot)), f32x4.mul(f32x4.sub(p, y), weight));
      scatter(at + (k << 2), stride, last, v128.and(d, valid));
    }
  }
}
