import type { Triple } from '@seg/core';

/**
 * Weighted sums of window scores over the part of a volume that windows still to come may reach.
 *
 * Windows come in order of their start along one axis, the rolling axis. When they move on from start s to s', no later
 * window touches the voxels before s': those are handed out and their storage is used again. So the sums are held for
 * one window length along the rolling axis and for the whole volume along the other two: classes * window * a * b
 * floats instead of classes * size * a * b, with the same result as sums over the whole volume.
 */
export class ScoreAccumulator {
  readonly #rollingAxis: number;
  readonly #sums: Float32Array;
  readonly #ring: Triple;
  readonly #classes: number;
  readonly #windowShape: Triple;

  /** @param shape of the padded volume. */
  constructor(shape: Triple, windowShape: Triple, classes: number) {
    this.#rollingAxis = rollingAxisOf(shape, windowShape);
    this.#ring = shape.map((n, axis) => (axis === this.#rollingAxis ? windowShape[axis]! : n)) as unknown as Triple;
    this.#windowShape = windowShape;
    this.#classes = classes;
    this.#sums = new Float32Array(this.#ring[0] * this.#ring[1] * this.#ring[2] * classes);
  }

  /** Bytes that the sums take. */
  get byteLength(): number {
    return this.#sums.byteLength;
  }

  /**
   * Adds the scores [d, h, w, classes] of a window, mirrored back along the flipped axes, times the weights.
   *
   * @param offset index of the window's first score.
   * @param start first voxel in the padded volume.
   * @param profiles weights along each axis.
   */
  add(
    scores: Float32Array,
    offset: number,
    start: Triple,
    flips: readonly boolean[],
    profiles: readonly Float64Array[],
    weight: number,
  ): void {
    const classes = this.#classes;
    const sums = this.#sums;
    const [depth, height, width] = this.#windowShape;
    const [ringZ, ringY, ringX] = this.#ring;
    const [profileZ, profileY, profileX] = profiles as [Float64Array, Float64Array, Float64Array];
    for (let z = 0; z < depth; z++) {
      const toZ = (start[0] + z) % ringZ;
      const fromZ = flips[0] ? depth - 1 - z : z;
      for (let y = 0; y < height; y++) {
        const toRow = (toZ * ringY + ((start[1] + y) % ringY)) * ringX;
        const fromRow = offset + (fromZ * height + (flips[1] ? height - 1 - y : y)) * width * classes;
        const rowWeight = weight * profileZ[z]! * profileY[y]!;
        for (let x = 0; x < width; x++) {
          const w = rowWeight * profileX[x]!;
          const from = fromRow + (flips[2] ? width - 1 - x : x) * classes;
          const to = (toRow + ((start[2] + x) % ringX)) * classes;
          for (let c = 0; c < classes; c++) sums[to + c]! += w * scores[from + c]!;
        }
      }
    }
  }

  /**
   * Hands out the sums of all voxels from `first` up to but not including `end` along the rolling axis, and clears
   * them. `visit` gets the voxel's position in the padded volume and the index of its first class in `sums`.
   */
  release(
    first: number,
    end: number,
    visit: (z: number, y: number, x: number, sums: Float32Array, at: number) => void,
  ): void {
    const classes = this.#classes;
    const axis = this.#rollingAxis;
    const sums = this.#sums;
    const from = [0, 0, 0];
    const to: number[] = [...this.#ring];
    from[axis] = first;
    to[axis] = end;
    const [ringZ, ringY, ringX] = this.#ring;
    for (let z = from[0]!; z < to[0]!; z++) {
      for (let y = from[1]!; y < to[1]!; y++) {
        const row = ((z % ringZ) * ringY + (y % ringY)) * ringX;
        for (let x = from[2]!; x < to[2]!; x++) {
          const at = (row + (x % ringX)) * classes;
          visit(z, y, x, sums, at);
          for (let c = 0; c < classes; c++) sums[at + c] = 0;
        }
      }
    }
  }
}

/** The axis along which one window length is the smallest part of the volume: the outermost in the windows' order. */
export function rollingAxisOf(shape: Triple, windowShape: Triple): 0 | 1 | 2 {
  const part = shape.map((n, axis) => windowShape[axis]! / n);
  return part.indexOf(Math.min(...part)) as 0 | 1 | 2;
}
