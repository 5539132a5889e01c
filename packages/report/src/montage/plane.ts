import { type Affine, SegError, transformPoint, type Volume } from '@seg/core';
import type { Direction } from './glyphs.ts';

/** Anatomical planes: axial seen from the feet, coronal from the front, sagittal from the left. */
export type Plane = 'axial' | 'coronal' | 'sagittal';

export interface SlicePosition {
  readonly axis: 'x' | 'y' | 'z';
  readonly mm: number;
  readonly index: number;
}

/**
 * One slice in display order: rows from the top, columns from the left, by the radiologist's convention (patient's
 * right on the left of axial and coronal pictures, front or head on top).
 */
export interface PlaneView {
  /** Slices of the volume along this plane's normal. */
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  /** Size of a pixel in mm. */
  readonly rowMm: number;
  readonly columnMm: number;
  /** Where the edges of the picture lie: of axial pictures right on the left and anterior on top. */
  readonly edges: Readonly<Record<'left' | 'right' | 'top' | 'bottom', Direction>>;
  /** Index into one channel of `data` of a pixel. */
  index(slice: number, row: number, column: number): number;
  /**
   * Where a slice lies: the world axis of its normal, the position of its centre there in mm (RAS+; of an oblique volume
   * the other axes count too), and the index of its voxels along their own axis, from 0 as in the file.
   */
  position(slice: number): SlicePosition;
}

// World axes (0 right-left, 1 back-front, 2 foot-head) of the normal, the rows and the columns; sign +1 runs with the
// world axis. Rows run down the picture.
const layouts = {
  axial: { normal: 2, row: [1, -1], column: [0, -1], edges: { left: 'R', right: 'L', top: 'A', bottom: 'P' } },
  coronal: { normal: 1, row: [2, -1], column: [0, -1], edges: { left: 'R', right: 'L', top: 'S', bottom: 'I' } },
  sagittal: { normal: 0, row: [2, -1], column: [1, -1], edges: { left: 'A', right: 'P', top: 'S', bottom: 'I' } },
} as const;

/** How to walk a volume slice by slice along an anatomical plane, whatever its axis order and directions. */
export function planeView(volume: Volume, plane: Plane): PlaneView {
  const axes = worldAxes(volume.affine);
  const layout = layouts[plane];
  const sizes = [volume.shape[2], volume.shape[1], volume.shape[0]]; // x, y, z
  const spacing = [volume.spacingMm[2], volume.spacingMm[1], volume.spacingMm[0]];
  const strides = [1, volume.shape[2], volume.shape[2] * volume.shape[1]];
  const walk = (world: number, sign: number) => {
    const { axis, direction } = axes[world]!;
    const size = sizes[axis]!;
    const forward = direction === sign;
    return {
      size,
      mm: spacing[axis]!,
      axis,
      voxel: (i: number) => (forward ? i : size - 1 - i),
      offset: (i: number) => (forward ? i : size - 1 - i) * strides[axis]!,
    };
  };
  const normal = walk(layout.normal, 1);
  const row = walk(layout.row[0], layout.row[1]);
  const column = walk(layout.column[0], layout.column[1]);
  return {
    count: normal.size,
    rows: row.size,
    columns: column.size,
    rowMm: row.mm,
    columnMm: column.mm,
    edges: layout.edges,
    index: (s, r, c) => normal.offset(s) + row.offset(r) + column.offset(c),
    position: (s) => {
      const index = normal.voxel(s);
      const [x = 0, y = 0, z = 0] = sizes.map((size, axis) => (axis === normal.axis ? index : (size - 1) / 2));
      return {
        axis: (['x', 'y', 'z'] as const)[layout.normal],
        mm: transformPoint(volume.affine, [x, y, z])[layout.normal]!,
        index,
      };
    },
  };
}

/** For each world axis, the voxel axis (0 x, 1 y, 2 z) that is nearest to it, and the sign along it. */
function worldAxes(affine: Affine): { axis: number; direction: number }[] {
  const result: { axis: number; direction: number }[] = [];
  const free = new Set([0, 1, 2]);
  // The clearest assignments first, so that oblique volumes still get a one-to-one mapping.
  const entries = [0, 1, 2].flatMap((world) =>
    [0, 1, 2].map((axis) => {
      const length = Math.hypot(affine[axis]!, affine[4 + axis]!, affine[8 + axis]!);
      return { world, axis, cosine: affine[4 * world + axis]! / length };
    }),
  );
  entries.sort((a, b) => Math.abs(b.cosine) - Math.abs(a.cosine));
  for (const { world, axis, cosine } of entries) {
    if (result[world] !== undefined || !free.has(axis)) continue;
    if (!Number.isFinite(cosine)) {
      throw new SegError('invalid-argument', { where: 'planeView', problem: 'the affine is degenerate', got: affine });
    }
    result[world] = { axis, direction: cosine < 0 ? -1 : 1 };
    free.delete(axis);
  }
  return result;
}
