// Copies of 4-byte elements between layouts of up to five dimensions.

function copyRow(from: usize, to: usize, bytes: usize): void {
  if (bytes >= 256) {
    memory.copy(to, from, bytes);
    return;
  }
  let o: usize = 0;
  for (; o + 16 <= bytes; o += 16) v128.store(to + o, v128.load(from + o));
  for (; o < bytes; o += 4) store<u32>(to + o, load<u32>(from + o));
}

/** Copies a box of n0 x n1 x n2 x n3 rows of `bytes` bytes; strides in bytes: s of the source, t of the target. */
export function copyBox(
  from: usize,
  s0: usize,
  s1: usize,
  s2: usize,
  s3: usize,
  to: usize,
  t0: usize,
  t1: usize,
  t2: usize,
  t3: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  bytes: usize,
): void {
  for (let a = 0; a < n0; a++)
    for (let b = 0; b < n1; b++)
      for (let c = 0; c < n2; c++) {
        let p = from + <usize>a * s0 + <usize>b * s1 + <usize>c * s2;
        let q = to + <usize>a * t0 + <usize>b * t1 + <usize>c * t2;
        for (let d = 0; d < n3; d++, p += s3, q += t3) copyRow(p, q, bytes);
      }
}

/**
 * Rows r0..r1 of y, each a row of a and then a row of b. Lines of memory are written in their order: one input after the
 * other would fetch every line of y twice.
 */
export function joinRows(a: usize, aBytes: usize, b: usize, bBytes: usize, y: usize, r0: i32, r1: i32): void {
  let p = a + <usize>r0 * aBytes,
    q = b + <usize>r0 * bBytes,
    to = y + <usize>r0 * (aBytes + bBytes);
  for (let r = r0; r < r1; r++) {
    copyRow(p, to, aBytes);
    copyRow(q, to + aBytes, bBytes);
    p += aBytes;
    q += bBytes;
    to += aBytes + bBytes;
  }
}

/** The reverse of joinRows. */
export function splitRows(x: usize, a: usize, aBytes: usize, b: usize, bBytes: usize, r0: i32, r1: i32): void {
  let p = a + <usize>r0 * aBytes,
    q = b + <usize>r0 * bBytes,
    from = x + <usize>r0 * (aBytes + bBytes);
  for (let r = r0; r < r1; r++) {
    copyRow(from, p, aBytes);
    copyRow(from + aBytes, q, bBytes);
    p += aBytes;
    q += bBytes;
    from += aBytes + bBytes;
  }
}

/** Sets count 4-byte elements to the bit pattern value. */
export function fill(to: usize, count: usize, value: u32): void {
  const end = to + (count << 2);
  const vectors = to + ((count >> 2) << 4);
  const splat = i32x4.splat(value);
  for (; to < vectors; to += 16) v128.store(to, splat);
  for (; to < end; to += 4) store<u32>(to, value);
}
