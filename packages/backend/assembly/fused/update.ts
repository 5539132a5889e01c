// Optimiser steps in place, on elements i0..i1. Lanes at the end are handled as a vector of one.
import { madd } from './vector';

/** SGD of PyTorch: g = gradScale * grad + decay * w; v = momentum * v + g; w -= rate * (nesterov ? g + momentum * v : v). */
export function sgd(
  w: usize,
  grad: usize,
  v: usize,
  i0: usize,
  i1: usize,
  rate: f32,
  momentum: f32,
  decay: f32,
  gradScale: f32,
  nesterov: i32,
): void {
  const r = f32x4.splat(-rate),
    m = f32x4.splat(momentum),
    d = f32x4.splat(decay),
    s = f32x4.splat(gradScale);
  let i = i0 << 2;
  const end = i1 << 2;
  while (i < end) {
    const one = i + 16 > end;
    const x = one ? v128.load32_zero(w + i) : v128.load(w + i);
    const g = madd(x, d, f32x4.mul(one ? v128.load32_zero(grad + i) : v128.load(grad + i), s));
    const velocity = madd(one ? v128.load32_zero(v + i) : v128.load(v + i), m, g);
    const next = madd(nesterov ? madd(velocity, m, g) : velocity, r, x);
    if (one) {
      v128.store32_lane(v + i, velocity, 0);
      v128.store32_lane(w + i, next, 0);
      i += 4;
    } else {
      v128.store(v + i, velocity);
      v128.store(w + i, next);
      i += 16;
    }
  }
}

/**
 * Adam: g = gradScale * grad + coupled * w; m1 = b1 * m1 + (1 - b1) * g; m2 = b2 * m2 + (1 - b2) * g * g;
 * w = keep * w - rate * m1 / (sqrt(m2) * correction + epsilon), where rate and correction hold the bias corrections
 * and keep = 1 - learning rate * decay for decoupled weight decay.
 */
export function adam(
  w: usize,
  grad: usize,
  first: usize,
  second: usize,
  i0: usize,
  i1: usize,
  rate: f32,
  b1: f32,
  b2: f32,
  rest1: f32,
  rest2: f32,
  correction: f32,
  epsilon: f32,
  coupled: f32,
  keep: f32,
  gradScale: f32,
): void {
  const r = f32x4.splat(-rate),
    c = f32x4.splat(correction),
    eps = f32x4.splat(epsilon);
  const beta1 = f32x4.splat(b1),
    beta2 = f32x4.splat(b2),
    r1 = f32x4.splat(rest1),
    r2 = f32x4.splat(rest2);
  const d = f32x4.splat(coupled),
    k = f32x4.splat(keep),
    s = f32x4.splat(gradScale);
  let i = i0 << 2;
  const end = i1 << 2;
  while (i < end) {
    const one = i + 16 > end;
    const x = one ? v128.load32_zero(w + i) : v128.load(w + i);
    const g = madd(x, d, f32x4.mul(one ? v128.load32_zero(grad + i) : v128.load(grad + i), s));
    const m1 = madd(one ? v128.load32_zero(first + i) : v128.load(first + i), beta1, f32x4.mul(g, r1));
    const m2 = madd(one ? v128.load32_zero(second + i) : v128.load(second + i), beta2, f32x4.mul(f32x4.mul(g, g), r2));
    const step = f32x4.div(m1, madd(f32x4.sqrt(m2), c, eps));
    const next = madd(step, r, f32x4.mul(x, k));
    if (one) {
      v128.store32_lane(first + i, m1, 0);
      v128.store32_lane(second + i, m2, 0);
      v128.store32_lane(w + i, next, 0);
      i += 4;
    } else {
      v128.store(first + i, m1);
      v128.store(second + i, m2);
      v128.store(w + i, next);
      i += 16;
    }
  }
}
