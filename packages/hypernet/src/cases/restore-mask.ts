import { SegError, type Triple } from '@seg/core';
import { checkGrid, checkLength } from './check-grid.ts';
import type { MapCase } from './map-case.ts';

/**
 * Brings foreground probabilities from the working grid back onto the scan's own grid: trilinear between cell centres,
 * foreground from 0.5 up. Voxels outside of the working grid get 255, "not looked at".
 *
 * @param probabilities one for each cell of the working grid, [z][y][x]
 * @throws SegError `shape-mismatch` for another number of probabilities, `invalid-argument` for probabilities that are not
 * finite, shapes and places that are none.
 */
export function restoreMask(
  probabilities: ArrayLike<number>,
  { shape, start, size }: Pick<MapCase, 'shape' | 'start' | 'size'>,
  scanShape: Triple,
): Uint8Array {
  checkGrid('restoreMask', { shape, start, size }, scanShape);
  checkLength('restoreMask', 'probabilities', probabilities, shape);
  for (let i = 0; i < probabilities.length; i++) {
    if (Number.isFinite(probabilities[i])) continue;
    throw new SegError('invalid-argument', {
      where: 'restoreMask',
      problem: `probability ${i} is not finite`,
      got: String(probabilities[i]),
      expected: 'numbers from 0 to 1',
      hint: 'Look for NaN in the image and in the parameters of the network.',
    });
  }
  const axes = ([0, 1, 2] as const).map((a) =>
    Array.from({ length: scanShape[a] }, (_, j) => {
      const position = (j + 0.5 - start[a]) / size[a];
      if (position < 0 || position > shape[a]) return undefined;
      const at = Math.min(shape[a] - 1, Math.max(0, position - 0.5));
      const low = Math.min(Math.floor(at), Math.max(0, shape[a] - 2));
      return { low, high: Math.min(low + 1, shape[a] - 1), part: at - low };
    }),
  );
  const result = new Uint8Array(scanShape[0] * scanShape[1] * scanShape[2]).fill(255);
  const [, height, width] = shape;
  let i = -1;
  for (const z of axes[0]!) {
    for (const y of axes[1]!) {
      for (const x of axes[2]!) {
        i++;
        if (z === undefined || y === undefined || x === undefined) continue;
        const row = (pz: number, py: number) => {
          const base = (pz * height + py) * width;
          return probabilities[base + x.low]! * (1 - x.part) + probabilities[base + x.high]! * x.part;
        };
        const plane = (pz: number) => row(pz, y.low) * (1 - y.part) + row(pz, y.high) * y.part;
        result[i] = plane(z.low) * (1 - z.part) + plane(z.high) * z.part >= 0.5 ? 1 : 0;
      }
    }
  }
  return result;
}
