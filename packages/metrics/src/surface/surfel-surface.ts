import type { Triple } from '@seg/core';
import type { CroppedPair } from './crop.ts';
import { contourLengths, surfelAreas } from './surfel-areas.ts';

/** Surface elements of one mask: increasing indices into the grid of voxel corners, and the area at each. */
export interface Surfels {
  readonly positions: Int32Array;
  readonly areas: Float64Array;
}

/** Surface elements of two masks on one grid of voxel corners. */
export interface SurfelPair {
  readonly prediction: Surfels;
  readonly reference: Surfels;
  /** Sizes of the grid of corners. */
  readonly shape: Triple;
}

/**
 * The surface elements of both masks: the voxel corners whose neighbours are not all alike, each with the area (in an
 * image: length) of the surface that marching cubes puts there, as DeepMind's surface-distance defines them.
 */
export function surfelSurfaces(pair: CroppedPair, dims: 2 | 3, spacingMm: Triple): SurfelPair {
  const [depth, height, width] = pair.shape;
  const shape: Triple = [dims === 3 ? depth - 1 : 1, height - 1, width - 1];
  const codes = [0, 1].map(() => new Uint8Array(shape[0] * shape[1] * shape[2])) as [Uint8Array, Uint8Array];
  // An image lies in the middle plane of its cropped box.
  if (dims === 3) cornerCodes(pair, shape, codes[0], codes[1]);
  else pixelCodes(pair.flags.subarray(height * width, 2 * height * width), shape, codes[0], codes[1]);
  const areas = dims === 3 ? surfelAreas(spacingMm) : contourLengths(spacingMm);
  const full = dims === 3 ? 255 : 15;
  return { prediction: collect(codes[0], full, areas), reference: collect(codes[1], full, areas), shape };
}

/** Codes of the 2 x 2 x 2 neighbourhoods, column by column: the far column of one corner is the near one of the next. */
function cornerCodes({ flags, shape }: CroppedPair, corners: Triple, first: Uint8Array, second: Uint8Array): void {
  const width = shape[2];
  const plane = shape[1] * width;
  let at = 0;
  for (let z = 0; z < corners[0]; z++) {
    for (let y = 0; y < corners[1]; y++) {
      const start = z * plane + y * width;
      // Bit 2k of a column belongs to the prediction and 2k + 1 to the reference, k = 2 z + y; in a neighbourhood's
      // code, bit 2k is the corner with x = 0 and bit 2k + 1 the one with x = 1.
      let near = 0;
      for (let x = 0; x < corners[2]; x++, at++) {
        const i = start + x + 1;
        const far = flags[i]! | (flags[i + width]! << 2) | (flags[i + plane]! << 4) | (flags[i + plane + width]! << 6);
        if ((near | far) !== 0) {
          first[at] = (near & 0x55) | ((far & 0x55) << 1);
          second[at] = ((near >> 1) & 0x55) | (far & 0xaa);
        }
        near = far;
      }
    }
  }
}

/** Codes of the 2 x 2 neighbourhoods of an image. */
function pixelCodes(flags: Uint8Array, corners: Triple, first: Uint8Array, second: Uint8Array): void {
  const width = corners[2] + 1;
  for (let y = 0, at = 0; y < corners[1]; y++) {
    for (let x = 0; x < corners[2]; x++, at++) {
      const i = y * width + x;
      const four = [flags[i]!, flags[i + 1]!, flags[i + width]!, flags[i + width + 1]!];
      for (let k = 0; k < 4; k++) {
        first[at]! |= (four[k]! & 1) << k;
        second[at]! |= (four[k]! >> 1) << k;
      }
    }
  }
}

function collect(codes: Uint8Array, full: number, areas: Float64Array): Surfels {
  let count = 0;
  for (let i = 0; i < codes.length; i++) if (codes[i] !== 0 && codes[i] !== full) count++;
  const result = { positions: new Int32Array(count), areas: new Float64Array(count) };
  for (let i = 0, n = 0; n < count; i++) {
    const code = codes[i]!;
    if (code === 0 || code === full) continue;
    result.positions[n] = i;
    result.areas[n++] = areas[code]!;
  }
  return result;
}
