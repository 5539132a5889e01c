import type { Triple } from '@seg/core';
import type { AxesMm } from '../grid.ts';
import { PositionList } from '../numeric/position-list.ts';
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
export function surfelSurfaces(pair: CroppedPair, dims: 2 | 3, spacingMm: Triple, axesMm?: AxesMm): SurfelPair {
  const [depth, height, width] = pair.shape;
  const shape: Triple = [dims === 3 ? depth - 1 : 1, height - 1, width - 1];
  const [prediction, reference] = [new CornerList(), new CornerList()];
  // An image lies in the middle plane of its cropped box.
  if (dims === 3) collectCorners(pair, shape, prediction, reference);
  else collectPixelCorners(pair.flags.subarray(height * width, 2 * height * width), shape, prediction, reference);
  const areas = dims === 3 ? surfelAreas(axesMm ?? spacingMm) : contourLengths(spacingMm);
  return { prediction: prediction.surfels(areas), reference: reference.surfels(areas), shape };
}

/** Positions with the code of the neighbourhood at each. */
class CornerList extends PositionList {
  codes = new Uint8Array(1024);

  override reserve(more: number): Int32Array {
    const positions = super.reserve(more);
    if (this.codes.length < positions.length) {
      const larger = new Uint8Array(positions.length);
      larger.set(this.codes);
      this.codes = larger;
    }
    return positions;
  }

  surfels(areas: Float64Array): Surfels {
    const positions = this.positions();
    const { codes } = this;
    const own = new Float64Array(positions.length);
    for (let n = 0; n < own.length; n++) own[n] = areas[codes[n]!]!;
    return { positions, areas: own };
  }
}

/** Corners of 2 x 2 x 2 neighbourhoods, column by column: the far column of one is the near one of the next. */
function collectCorners({ flags, shape }: CroppedPair, corners: Triple, first: CornerList, second: CornerList): void {
  const width = shape[2];
  const plane = shape[1] * width;
  let at = 0;
  for (let z = 0; z < corners[0]; z++) {
    for (let y = 0; y < corners[1]; y++) {
      const start = z * plane + y * width;
      const [a, b] = [first.reserve(width), second.reserve(width)];
      const [codesA, codesB] = [first.codes, second.codes];
      let [n, m] = [first.length, second.length];
      // Bit 2k of a column belongs to the prediction and 2k + 1 to the reference, k = 2 z + y; in a neighbourhood's
      // code, bit 2k is the corner with x = 0 and bit 2k + 1 the one with x = 1.
      let near = 0;
      for (let x = 0; x < corners[2]; x++, at++) {
        const i = start + x + 1;
        const far = flags[i]! | (flags[i + width]! << 2) | (flags[i + plane]! << 4) | (flags[i + plane + width]! << 6);
        // Neighbourhoods all outside or all inside both masks have no surface.
        if ((near | far) !== 0 && (near & far) !== 255) {
          const codeA = (near & 0x55) | ((far & 0x55) << 1);
          const codeB = ((near >> 1) & 0x55) | (far & 0xaa);
          a[n] = at;
          codesA[n] = codeA;
          n += codeA !== 0 && codeA !== 255 ? 1 : 0;
          b[m] = at;
          codesB[m] = codeB;
          m += codeB !== 0 && codeB !== 255 ? 1 : 0;
        }
        near = far;
      }
      [first.length, second.length] = [n, m];
    }
  }
}

/** Corners of the 2 x 2 neighbourhoods of an image. */
function collectPixelCorners(flags: Uint8Array, corners: Triple, first: CornerList, second: CornerList): void {
  const width = corners[2] + 1;
  for (let y = 0, at = 0; y < corners[1]; y++) {
    const [a, b] = [first.reserve(width), second.reserve(width)];
    for (let x = 0; x < corners[2]; x++, at++) {
      const i = y * width + x;
      const four = flags[i]! | (flags[i + 1]! << 2) | (flags[i + width]! << 4) | (flags[i + width + 1]! << 6);
      const [codeA, codeB] = [evenBits(four), evenBits(four >> 1)];
      if (codeA !== 0 && codeA !== 15) {
        a[first.length] = at;
        first.codes[first.length++] = codeA;
      }
      if (codeB !== 0 && codeB !== 15) {
        b[second.length] = at;
        second.codes[second.length++] = codeB;
      }
    }
  }
}

/** Bits 0, 2, 4, 6 as bits 0, 1, 2, 3. */
function evenBits(bits: number): number {
  return (bits & 1) | ((bits >> 1) & 2) | ((bits >> 2) & 4) | ((bits >> 3) & 8);
}
