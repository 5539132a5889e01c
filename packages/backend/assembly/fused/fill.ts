/** Sets count floats from pointer on to value. */
export function fill(pointer: usize, count: usize, value: f32): void {
  const end = pointer + (count << 2);
  const vectors = pointer + ((count >> 2) << 4);
  const splat = f32x4.splat(value);
  let at = pointer;
  for (; at < vectors; at += 16) v128.store(at, splat);
  for (; at < end; at += 4) store<f32>(at, value);
}
