/** What is read ahead: it waits in the second-level cache until its tiles are transformed. */
const aheadBytes = 256 << 10;

/** The rows that a tile reads, or writes, and the distance to the next tile of the row, in voxels. */
export interface TileRows {
  readonly planes: number;
  readonly side: number;
  readonly step: number;
}

/**
 * Statements for a loop over tiles t0 to t1, numbered with columns (`TW` a row) first, of a tensor of size D, H, W with cb
 * bytes a voxel: `begin` belongs before the loop, `read` where a tile's place is known.
 *
 * A tile is few lines of many rows, so that its reader, with transforms between, would wait for memory again and again.
 * Therefore every line that some tiles of a row need is loaded once beforehand, row by row, as fast as memory gives it.
 * Lines that will be written gain too.
 */
export const readAhead = ({ planes, side, step }: TileRows) => ({
  begin: `let ahead = t0; const most = max(1, <i32>(${Math.floor(aheadBytes / planes / side / step)} / cb));`,
  /** `unused`: where 4 bytes may be written. */
  read: (tensor: string, [d, h, w]: readonly [string, string, string], unused: string) => `if (t >= ahead) {
      const count = min(min(most, t1 - t), TW - t % TW);
      ahead = t + count;
      touch(${tensor}, D, H, W, cb, ${d}, ${h}, ${w}, ${planes}, ${side}, (count - 1) * ${step} + ${side}, ${unused});
    }`,
});

/** Loads from every line of a block of voxels, and stores what nobody needs, so that no compiler drops the loads. */
export const touch =
  () => `function touch(x: usize, D: i32, H: i32, W: i32, cb: usize, d0: i32, h0: i32, w0: i32, planes: i32, side: i32, wide: i32, unused: usize): void {
  const h1 = min(h0 + side, H), from = max(w0, 0), bytes = <usize>max(min(w0 + wide, W) - from, 0) * cb;
  let sum: i32 = 0;
  for (let z = max(d0, 0), z1 = min(d0 + planes, D); z < z1; z++) for (let h = max(h0, 0); h < h1; h++)
    for (let p = x + <usize>((z * H + h) * W + from) * cb, end = p + bytes; p < end; p += 64) sum |= load<i32>(p);
  store<i32>(unused, sum);
}`;
