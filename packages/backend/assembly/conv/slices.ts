/**
 * How filter gradients cut up what they sum: the first of `total` items of slice i of n, at least one each while there are
 * any. Slices shrink evenly, so that threads that take them in order end together, however fast each of them is.
 */
export const sliceStart = () => `function sliceStart(total: i32, i: i32, n: i32): i32 {
  if (total < n) return min(i, total);
  return i + <i32>(<i64>(total - n) * i * (2 * n - i + 1) / (n * (n + 1)));
}`;
