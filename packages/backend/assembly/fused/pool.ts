// Max-pooling of [N][D][H][W][C], output planes q0..q1 of N * OD; padding does not count.

/** y = largest value of each window (kernel k, stride s, dilation e, padding before p; per axis). */
export function maxPool(
  x: usize,
  D: i32,
  H: i32,
  W: i32,
  C: i32,
  OD: i32,
  OH: i32,
  OW: i32,
  kd: i32,
  kh: i32,
  kw: i32,
  sd: i32,
  sh: i32,
  sw: i32,
  ed: i32,
  eh: i32,
  ew: i32,
  pd: i32,
  ph: i32,
  pw: i32,
  y: usize,
  q0: i32,
  q1: i32,
): void {
  const cb = (<usize>C) << 2,
    lowest = f32x4.splat(-Infinity);
  let out = y + <usize>q0 * OH * OW * cb;
  for (let q = q0; q < q1; q++) {
    const n = q / OD,
      d = (q % OD) * sd - pd;
    for (let oh = 0; oh < OH; oh++)
      for (let ow = 0; ow < OW; ow++, out += cb) {
        const h = oh * sh - ph,
          w = ow * sw - pw;
        for (let o: usize = 0; o < cb; ) {
          const single = o + 16 > cb;
          let best = lowest;
          for (let i = 0; i < kd; i++) {
            const z = d + i * ed;
            if (<u32>z >= <u32>D) continue;
            for (let j = 0; j < kh; j++) {
              const r = h + j * eh;
              if (<u32>r >= <u32>H) continue;
              const row = x + <usize>((n * D + z) * H + r) * W * cb + o;
              for (let l = 0; l < kw; l++) {
                const c = w + l * ew;
                if (<u32>c >= <u32>W) continue;
                const v = single ? v128.load32_zero(row + <usize>c * cb) : v128.load(row + <usize>c * cb);
                best = f32x4.max(best, v);
              }
            }
          }
          if (single) {
            v128.store32_lane(out + o, best, 0);
            o += 4;
          } else {
            v128.store(out + o, best);
            o += 16;
          }
        }
      }
  }
}

/** The same for kernel 2, stride 2, even sizes and channels in fours. */
export function maxPool2(x: usize, H: i32, W: i32, C: i32, y: usize, q0: i32, q1: i32): void {
  const cb = (<usize>C) << 2,
    row = <usize>W * cb,
    plane = row * H;
  let out = y + <usize>q0 * (H >> 1) * (W >> 1) * cb;
  for (let q = q0; q < q1; q++)
    for (let h = 0; h < H; h += 2) {
      const base = x + <usize>q * 2 * plane + <usize>h * row;
      for (let a = base, end = base + row; a < end; a += 2 * cb)
        for (let o: usize = 0; o < cb; o += 16, out += 16) {
          const p = a + o;
          const m0 = f32x4.max(v128.load(p), v128.load(p + cb));
          const m1 = f32x4.max(v128.load(p + row), v128.load(p + row + cb));
          const m2 = f32x4.max(v128.load(p + plane), v128.load(p + plane + cb));
          const m3 = f32x4.max(v128.load(p + plane + row), v128.load(p + plane + row + cb));
          v128.store(out, f32x4.max(f32x4.max(m0, m1), f32x4.max(m2, m3)));
        }
    }
}

/** dx += dy at the first of the largest values of each window; dx is zeroed by the caller. Channels c0..c1. */
export function maxPoolGrad(
  x: usize,
  dy: usize,
  N: i32,
  D: i32,
  H: i32,
  W: i32,
  C: i32,
  OD: i32,
  OH: i32,
  OW: i32,
  kd: i32,
  kh: i32,
  kw: i32,
  sd: i32,
  sh: i32,
  sw: i32,
  ed: i32,
  eh: i32,
  ew: i32,
  pd: i32,
  ph: i32,
  pw: i32,
  dx: usize,
  c0: i32,
  c1: i32,
): void {
  for (let q = 0; q < N * OD; q++) {
    const n = q / OD,
      d = (q % OD) * sd - pd;
    for (let oh = 0; oh < OH; oh++)
      for (let ow = 0; ow < OW; ow++) {
        const h = oh * sh - ph,
          w = ow * sw - pw;
        const out = dy + <usize>((q * OH + oh) * OW + ow) * ((<usize>C) << 2);
        for (let c = c0; c < c1; c++) {
          let best: f32 = 0,
            place: usize = -1;
          for (let i = 0; i < kd; i++) {
            const z = d + i * ed;
            if (<u32>z >= <u32>D) continue;
            for (let j = 0; j < kh; j++) {
              const r = h + j * eh;
              if (<u32>r >= <u32>H) continue;
              for (let l = 0; l < kw; l++) {
                const s = w + l * ew;
                if (<u32>s >= <u32>W) continue;
                const at = (<usize>(((n * D + z) * H + r) * W + s) * C + c) << 2;
                const v = load<f32>(x + at);
                if (place === <usize>-1 || v > best) {
                  best = v;
                  place = at;
                }
              }
            }
          }
          // A window of padding alone has no maximum.
          if (place !== <usize>-1) {
            store<f32>(dx + place, load<f32>(dx + place) + load<f32>(out + ((<usize>c) << 2)));
          }
        }
      }
  }
}

/** The same for kernel 2, stride 2, even sizes and channels in fours; writes all of dx for output planes q0..q1. */
export function maxPoolGrad2(x: usize, dy: usize, H: i32, W: i32, C: i32, dx: usize, q0: i32, q1: i32): void {
  const cb = (<usize>C) << 2,
    row = <usize>W * cb,
    plane = row * H;
  let from = dy + <usize>q0 * (H >> 1) * (W >> 1) * cb;
  for (let q = q0; q < q1; q++)
    for (let h = 0; h < H; h += 2) {
      const base = <usize>q * 2 * plane + <usize>h * row;
      for (let a = base, end = base + row; a < end; a += 2 * cb)
        for (let o: usize = 0; o < cb; o += 16, from += 16) {
          const p = x + a + o,
            t = dx + a + o;
          const g = v128.load(from);
          const v0 = v128.load(p),
            v1 = v128.load(p + cb),
            v2 = v128.load(p + row),
            v3 = v128.load(p + row + cb);
          const p2 = p + plane;
          const v4 = v128.load(p2),
            v5 = v128.load(p2 + cb),
            v6 = v128.load(p2 + row),
            v7 = v128.load(p2 + row + cb);
          const m = f32x4.max(
            f32x4.max(f32x4.max(v0, v1), f32x4.max(v2, v3)),
            f32x4.max(f32x4.max(v4, v5), f32x4.max(v6, v7)),
          );
          const t2 = t + plane;
          let free = give(t, v0, m, g, i32x4.splat(-1));
          free = give(t + cb, v1, m, g, free);
          free = give(t + row, v2, m, g, free);
          free = give(t + row + cb, v3, m, g, free);
          free = give(t2, v4, m, g, free);
          free = give(t2 + cb, v5, m, g, free);
          free = give(t2 + row, v6, m, g, free);
          give(t2 + row + cb, v7, m, g, free);
        }
    }
}

// Stores g where v is the maximum and nobody before it was, 0 elsewhere; returns the lanes that are still free.
function give(to: usize, v: v128, m: v128, g: v128, free: v128): v128 {
  const mine = v128.and(f32x4.eq(v, m), free);
  v128.store(to, v128.and(g, mine));
  return v128.andnot(free, mine);
}
