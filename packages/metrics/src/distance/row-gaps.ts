import type { Triple } from '@seg/core';

/** Per voxel, the distance along x, in voxels, to the nearest site of its row. */
export interface RowGaps {
  /** The distance, or the row's length where the row has no site. */
  readonly gaps: Uint16Array;
  /** 1 for the rows that have a site. */
  readonly occupied: Uint8Array;
}

/** First pass of the distance transform, from the increasing positions of the sites. */
export function rowGaps(sites: Int32Array, shape: Triple): RowGaps {
  const [depth, height, width] = shape;
  const gaps = new Uint16Array(depth * height * width).fill(width);
  const occupied = new Uint8Array(depth * height);
  let n = 0;
  while (n < sites.length) {
    const row = Math.floor(sites[n]! / width);
    const rowStart = row * width;
    const rowEnd = rowStart + width;
    occupied[row] = 1;
    let site = sites[n]!;
    for (let i = rowStart; i < site; i++) gaps[i] = site - i;
    for (;;) {
      gaps[site] = 0;
      n++;
      const next = n < sites.length ? sites[n]! : rowEnd;
      if (next >= rowEnd) {
        for (let i = site + 1; i < rowEnd; i++) gaps[i] = i - site;
        break;
      }
      const middle = (site + next) >> 1;
      for (let i = site + 1; i <= middle; i++) gaps[i] = i - site;
      for (let i = middle + 1; i < next; i++) gaps[i] = next - i;
      site = next;
    }
  }
  return { gaps, occupied };
}
