import { checkOption, SegError, type Triple, voxelCount } from '@seg/core';

/**
 * Neighbours that count as touching. In 3-D 6 across faces, 18 across edges too, 26 across corners too; within each slice
 * alone, as contours are drawn, 4 or with corners 8.
 */
export type Connectivity = 4 | 8 | 6 | 18 | 26;

export interface MorphologyOptions {
  /** How often the step is repeated. Default 1. */
  readonly rounds?: number;
  /** Default 6, the cross. */
  readonly connectivity?: Connectivity;
  /** Axis across the slices for connectivity 4 and 8: 0 (z, default), 1 or 2. */
  readonly axis?: number;
  /** Labels that take part; the others stay as they are. Default all above 0. */
  readonly labels?: readonly number[];
}

/**
 * Erodes the union of the labels: voxels with a neighbour outside of it become 0. What lies beyond the image counts as
 * outside, as in SciPy's `binary_erosion`. Borders between two labels stay. A new array.
 */
export function erodeLabels(label: Uint8Array, shape: Triple, options: MorphologyOptions = {}): Uint8Array {
  const { rounds, offsets, takesPart } = resolve('erodeLabels', label, shape, options);
  let current = label.slice();
  for (let round = 0; round < rounds; round++) {
    const next = current.slice();
    forEachVoxel(shape, (z, y, x, i) => {
      if (!takesPart[current[i]!]) return;
      for (const [dz, dy, dx] of offsets) {
        const j = indexAt(shape, z + dz, y + dy, x + dx);
        if (j < 0 || !takesPart[current[j]!]) {
          next[i] = 0;
          return;
        }
      }
    });
    current = next;
  }
  return current;
}

/**
 * Dilates the labels into the background: a background voxel takes the most frequent label of its neighbours, the
 * lowest of equally frequent ones. A new array.
 */
export function dilateLabels(label: Uint8Array, shape: Triple, options: MorphologyOptions = {}): Uint8Array {
  const { rounds, offsets, takesPart } = resolve('dilateLabels', label, shape, options);
  let current = label.slice();
  const counts = new Uint8Array(256);
  for (let round = 0; round < rounds; round++) {
    const next = current.slice();
    forEachVoxel(shape, (z, y, x, i) => {
      if (current[i] !== 0) return;
      counts.fill(0);
      let best = 0;
      for (const [dz, dy, dx] of offsets) {
        const j = indexAt(shape, z + dz, y + dy, x + dx);
        const value = j < 0 ? 0 : current[j]!;
        if (!takesPart[value]) continue;
        counts[value]!++;
        if (counts[value]! > counts[best]! || (counts[value] === counts[best] && value < best)) best = value;
      }
      next[i] = best;
    });
    current = next;
  }
  return current;
}

function resolve(where: string, label: Uint8Array, shape: Triple, options: MorphologyOptions) {
  const { rounds = 1, connectivity = 6 } = options;
  const isInPlane = connectivity === 4 || connectivity === 8;
  checkLabelMap(where, label, shape);
  if (!Number.isInteger(rounds) || rounds < 0) {
    throw new SegError('invalid-argument', { where, problem: 'rounds must be a whole number', got: rounds });
  }
  checkOption(where, 'connectivity', String(connectivity), ['4', '8', '6', '18', '26']);
  const { axis = 0 } = options;
  if (![0, 1, 2].includes(axis) || (options.axis !== undefined && !isInPlane)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'axis is the one across the slices, of connectivity 4 and 8 alone',
      got: { axis, connectivity },
      expected: '0, 1 or 2 with connectivity 4 or 8',
    });
  }
  const reach = { 4: 1, 8: 2, 6: 1, 18: 2, 26: 3 }[connectivity];
  const offsets: Triple[] = [];
  for (const dz of [-1, 0, 1]) {
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        if (isInPlane && [dz, dy, dx][axis] !== 0) continue;
        const distance = Math.abs(dz) + Math.abs(dy) + Math.abs(dx);
        // A volume of one slice is a 2-D image: it has no neighbours above and below.
        if (distance > 0 && distance <= reach && (shape[0] > 1 || dz === 0)) offsets.push([dz, dy, dx]);
      }
    }
  }
  return { rounds, offsets, takesPart: labelSet(options.labels) };
}

/** Flags of the chosen label values; all but 0 without a choice. */
export function labelSet(labels: readonly number[] | undefined): Uint8Array {
  const flags = new Uint8Array(256).fill(labels === undefined ? 1 : 0);
  for (const value of labels ?? []) flags[value] = 1;
  flags[0] = 0;
  return flags;
}

/** Throws `shape-mismatch` unless the label map fills the shape once. */
export function checkLabelMap(where: string, label: Uint8Array, shape: Triple): void {
  if (label.length === voxelCount(shape)) return;
  throw new SegError('shape-mismatch', {
    where,
    problem: 'the label map does not fill the shape',
    got: label.length,
    expected: voxelCount(shape),
  });
}

function indexAt([depth, height, width]: Triple, z: number, y: number, x: number): number {
  const inside = z >= 0 && y >= 0 && x >= 0 && z < depth && y < height && x < width;
  return inside ? (z * height + y) * width + x : -1;
}

function forEachVoxel(
  [depth, height, width]: Triple,
  visit: (z: number, y: number, x: number, index: number) => void,
): void {
  let i = 0;
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) visit(z, y, x, i++);
  }
}
