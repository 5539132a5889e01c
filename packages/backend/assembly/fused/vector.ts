/** a * b + c, in one rounding where the build has relaxed SIMD. */
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** Adds the four lanes to four float64 numbers in memory. */
export function addWide(sums: usize, a: v128): void {
  v128.store(sums, f64x2.add(v128.load(sums), f64x2.promote_low_f32x4(a)));
  const high = i8x16.shuffle(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  v128.store(sums + 16, f64x2.add(v128.load(sums + 16), f64x2.promote_low_f32x4(high)));
}

/** Sum of the four lanes in float64, always in the same order. */
export function laneSum(a: v128): f64 {
  return (
    <f64>f32x4.extract_lane(a, 0) +
    <f64>f32x4.extract_lane(a, 1) +
    (<f64>f32x4.extract_lane(a, 2) + <f64>f32x4.extract_lane(a, 3))
  );
}

/** value where t is positive, slope * value elsewhere: at 0 the gradient is the slope, as in PyTorch. */
export function leak(t: v128, value: v128, slope: v128): v128 {
  const positive = f32x4.gt(t, f32x4.splat(0));
  return ASC_FEATURE_RELAXED_SIMD
    ? i32x4.relaxed_laneselect(value, f32x4.mul(value, slope), positive)
    : v128.bitselect(value, f32x4.mul(value, slope), positive);
}

/** e to the power of x for x of at most 88; relative error below 2e-7, 0 below -87. */
export function exp(x: v128): v128 {
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(<f32>Math.LOG2E)));
  // ln 2 in two pieces, the first exact in its product with n.
  let f = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  f = f32x4.sub(f, f32x4.mul(n, f32x4.splat(-2.1219444e-4)));
  // Taylor's series to the sixth power on |f| <= 0.35.
  let p = madd(f, f32x4.splat(1.0 / 720.0), f32x4.splat(1.0 / 120.0));
  p = madd(p, f, f32x4.splat(1.0 / 24.0));
  p = madd(p, f, f32x4.splat(1.0 / 6.0));
  p = madd(p, f, f32x4.splat(0.5));
  p = madd(p, f, f32x4.splat(1));
  p = madd(p, f, f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.and(f32x4.mul(p, power), f32x4.ge(x, f32x4.splat(-87)));
}
