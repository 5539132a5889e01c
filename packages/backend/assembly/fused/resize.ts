// Trilinear resize of [N][D][H][W][C] with tables a axis, made by the caller.
import { madd } from './vector';

/**
 * Output planes q0..q1 of N * OD. Tables of each axis: for every output place the byte offsets of the two input places
 * (uint32 [2][size]) and the weight of the second (float32 [size]).
 */
export function resize(
  x: usize,
  sample: usize,
  cb: usize,
  OD: i32,
  OH: i32,
  OW: i32,
  dt: usize,
  ht: usize,
  wt: usize,
  y: usize,
  q0: i32,
  q1: i32,
): void {
  const one: f32 = 1;
  const ds = (<usize>OD) << 2,
    hs = (<usize>OH) << 2,
    ws = (<usize>OW) << 2;
  let out = y + <usize>q0 * OH * OW * cb;
  for (let q = q0; q < q1; q++) {
    const d = dt + ((<usize>(q % OD)) << 2),
      base = x + <usize>(q / OD) * sample;
    const near = base + load<u32>(d),
      far = base + load<u32>(d + ds),
      fd = load<f32>(d + 2 * ds);
    for (let h = ht, hEnd = ht + hs; h < hEnd; h += 4) {
      const h0 = <usize>load<u32>(h),
        h1 = <usize>load<u32>(h + hs),
        fh = load<f32>(h + 2 * hs);
      const r0 = near + h0,
        r1 = near + h1,
        r2 = far + h0,
        r3 = far + h1;
      const g0 = (one - fd) * (one - fh),
        g1 = (one - fd) * fh,
        g2 = fd * (one - fh),
        g3 = fd * fh;
      for (let w = wt, wEnd = wt + ws; w < wEnd; w += 4, out += cb) {
        const a = <usize>load<u32>(w),
          b = <usize>load<u32>(w + ws),
          fw = load<f32>(w + 2 * ws),
          rest = one - fw;
        let o: usize = 0;
        for (; o + 16 <= cb; o += 16) {
          let s = f32x4.mul(v128.load(r0 + a + o), f32x4.splat(g0 * rest));
          s = madd(v128.load(r0 + b + o), f32x4.splat(g0 * fw), s);
          s = madd(v128.load(r1 + a + o), f32x4.splat(g1 * rest), s);
          s = madd(v128.load(r1 + b + o), f32x4.splat(g1 * fw), s);
          s = madd(v128.load(r2 + a + o), f32x4.splat(g2 * rest), s);
          s = madd(v128.load(r2 + b + o), f32x4.splat(g2 * fw), s);
          s = madd(v128.load(r3 + a + o), f32x4.splat(g3 * rest), s);
          s = madd(v128.load(r3 + b + o), f32x4.splat(g3 * fw), s);
          v128.store(out + o, s);
        }
        for (; o < cb; o += 4) {
          const n =
            rest *
            (g0 * load<f32>(r0 + a + o) +
              g1 * load<f32>(r1 + a + o) +
              g2 * load<f32>(r2 + a + o) +
              g3 * load<f32>(r3 + a + o));
          const f =
            fw *
            (g0 * load<f32>(r0 + b + o) +
              g1 * load<f32>(r1 + b + o) +
              g2 * load<f32>(r2 + b + o) +
              g3 * load<f32>(r3 + b + o));
          store<f32>(out + o, n + f);
        }
      }
    }
  }
}

/**
 * The gradient, gathered: input planes q0..q1 of N * D. Tables of each axis: uint32 [size + 1] starts into a list of
 * pairs (byte offset of an output place, weight as float32).
 */
export function resizeGrad(
  dy: usize,
  sample: usize,
  cb: usize,
  D: i32,
  H: i32,
  W: i32,
  ds: usize,
  hs: usize,
  ws: usize,
  dl: usize,
  hl: usize,
  wl: usize,
  dx: usize,
  q0: i32,
  q1: i32,
): void {
  let out = dx + <usize>q0 * H * W * cb;
  for (let q = q0; q < q1; q++) {
    const base = dy + <usize>(q / D) * sample,
      d = ds + ((<usize>(q % D)) << 2);
    const d0 = dl + ((<usize>load<u32>(d)) << 3),
      d1 = dl + ((<usize>load<u32>(d, 4)) << 3);
    for (let h = 0; h < H; h++) {
      const hp = hs + ((<usize>h) << 2),
        h0 = hl + ((<usize>load<u32>(hp)) << 3),
        h1 = hl + ((<usize>load<u32>(hp, 4)) << 3);
      for (let w = 0; w < W; w++, out += cb) {
        const wp = ws + ((<usize>w) << 2),
          w0 = wl + ((<usize>load<u32>(wp)) << 3),
          w1 = wl + ((<usize>load<u32>(wp, 4)) << 3);
        for (let o: usize = 0; o < cb; ) {
          const single = o + 16 > cb;
          let sum = f32x4.splat(0);
          for (let i = d0; i < d1; i += 8)
            for (let j = h0; j < h1; j += 8) {
              const row = base + load<u32>(i) + load<u32>(j) + o,
                f = load<f32>(i, 4) * load<f32>(j, 4);
              for (let k = w0; k < w1; k += 8) {
                const p = row + load<u32>(k);
                sum = madd(single ? v128.load32_zero(p) : v128.load(p), f32x4.splat(f * load<f32>(k, 4)), sum);
              }
            }
          if (single) {
            v128.store32_lane(out + o, sum, 0);
            o += 4;
          } else {
            v128.store(out + o, sum);
            o += 16;
          }
        }
      }
    }
  }
}
