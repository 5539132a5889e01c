import type { Affine } from '@seg/core';

/**
 * Columns of the orthogonal polar factor U V^T of the affine's unit columns, over the singular values that are not zero;
 * by one-sided Jacobi rotations, which give U S and V.
 */
export function nearestRotation(affine: Affine): number[][] {
  const columns = [0, 1, 2].map((j) => {
    const column = [affine[j]!, affine[4 + j]!, affine[8 + j]!];
    const length = Math.hypot(...column) || 1;
    return column.map((v) => v / length);
  });
  const v = [0, 1, 2].map((j) => [0, 1, 2].map((i) => Number(i === j)));
  for (let sweep = 0; sweep < 40; sweep++) {
    let rotated = false;
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const alpha = dot(columns[p]!, columns[p]!);
      const beta = dot(columns[q]!, columns[q]!);
      const gamma = dot(columns[p]!, columns[q]!);
      if (Math.abs(gamma) <= 1e-16 * Math.sqrt(alpha * beta)) continue;
      rotated = true;
      const zeta = (beta - alpha) / (2 * gamma);
      const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
      const c = 1 / Math.sqrt(1 + t * t);
      rotate(columns, p, q, c, c * t);
      rotate(v, p, q, c, c * t);
    }
    if (!rotated) break;
  }
  const values = columns.map((column) => Math.hypot(...column));
  const threshold = Math.max(...values) * 3 * 2 ** -52;
  return [0, 1, 2].map((j) =>
    [0, 1, 2].map((i) =>
      values.reduce((sum, s, k) => (s > threshold ? sum + (columns[k]![i]! / s) * v[k]![j]! : sum), 0),
    ),
  );
}

function rotate(columns: number[][], p: number, q: number, c: number, s: number): void {
  for (let i = 0; i < 3; i++) {
    const a = columns[p]![i]!;
    const b = columns[q]![i]!;
    columns[p]![i] = c * a - s * b;
    columns[q]![i] = s * a + c * b;
  }
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a[0]! * b[0]! + a[1]! * b[1]! + a[2]! * b[2]!;
}
