import { SegError, type Triple, voxelCount } from '@seg/core';

/** A grid that lies in a volume: its cells, and where they are in voxels of the volume (z, y, x). */
interface PlacedGrid {
  readonly shape: Triple;
  readonly start: Triple;
  readonly size: Triple;
}

/** Refuses shapes that are no three positive integers, and places that are not finite or without extent. */
export function checkGrid(where: string, { shape, start, size }: PlacedGrid, volumeShape: Triple): void {
  const three = (values: unknown, isRight: (v: number) => boolean) =>
    Array.isArray(values) && values.length === 3 && values.every(isRight);
  const isSize = (v: number) => Number.isInteger(v) && v > 0;
  const refuse = (problem: string, got: unknown, expected: string) => {
    throw new SegError('invalid-argument', {
      where,
      problem,
      got: Array.isArray(got) ? got.map(String) : got,
      expected,
    });
  };
  if (!three(volumeShape, isSize)) refuse('the shape of the volume is none', volumeShape, 'three positive integers');
  if (!three(shape, isSize)) refuse('the shape of the grid is none', shape, 'three positive integers');
  if (!three(start, Number.isFinite)) refuse('the start of the grid is none', start, 'three finite numbers');
  if (!three(size, (v) => Number.isFinite(v) && v > 0))
    refuse('the size of the cells is none', size, 'three finite numbers above 0');
}

/** Refuses an array of another length than its shape says. */
export function checkLength(where: string, name: string, values: ArrayLike<number>, shape: Triple): void {
  if (values.length === voxelCount(shape)) return;
  throw new SegError('shape-mismatch', {
    where,
    problem: `${name} do not fill the shape [${shape.join(', ')}]`,
    got: values.length,
    expected: voxelCount(shape),
    hint: 'Pass one channel, [z][y][x].',
  });
}
