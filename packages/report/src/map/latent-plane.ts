import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Where latents lie in the plane of a map. */
export interface LatentPlane {
  /** Latents of two components at most keep their place; longer ones are projected. */
  place(latent: readonly number[]): readonly [number, number];
  /** What the two directions are; '' for the second of latents with one component. */
  readonly axes: readonly [string, string];
  /** Place of the median of every component: the dominant style. */
  readonly median: readonly [number, number];
}

/**
 * The plane that shows most of what tells the latents apart: their first two principal axes, where they have more than
 * two components. An axis points to where its largest component is positive.
 */
export function latentPlane(latents: readonly (readonly number[])[]): LatentPlane {
  const size = latents[0]?.length ?? 0;
  const component = (i: number) => latents.map((z) => z[i]!);
  const medians = Array.from({ length: size }, (_, i) => median(component(i)));
  if (size <= 2) {
    const place = (z: readonly number[]) => [z[0] ?? 0, z[1] ?? 0] as const;
    return {
      place,
      axes: ['latent component 1', size === 2 ? 'latent component 2' : ''],
      median: place(medians),
    };
  }
  const centre = Array.from({ length: size }, (_, i) => mean(component(i)));
  const centred = latents.map((z) => z.map((v, i) => v - centre[i]!));
  const covariance = centre.map((_, i) => centre.map((_, j) => mean(centred.map((z) => z[i]! * z[j]!))));
  const total = covariance.reduce((sum, row, i) => sum + row[i]!, 0);
  const [first, second] = eigenvectors(covariance);
  const along = (z: readonly number[], axis: Eigen) =>
    z.reduce((sum, v, i) => sum + (v - centre[i]!) * axis.vector[i]!, 0);
  const place = (z: readonly number[]) => [along(z, first!), along(z, second!)] as const;
  const name = ({ value }: Eigen, i: number) =>
    `principal axis ${i} of ${size} (${total > 0 ? Math.round((100 * value) / total) : 0} % of the variance)`;
  return { place, axes: [name(first!, 1), name(second!, 2)], median: place(medians) };
}

interface Eigen {
  readonly value: number;
  readonly vector: readonly number[];
}

/** Eigenvalues and unit eigenvectors of a symmetric matrix, largest first. */
function eigenvectors(matrix: number[][]): Eigen[] {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(new Matrix(matrix), {
    assumeSymmetric: true,
  });
  return realEigenvalues
    .map((value, i) => {
      const vector = eigenvectorMatrix.getColumn(i);
      const largest = vector.reduce((x, y) => (Math.abs(y) > Math.abs(x) + 1e-12 ? y : x), 0);
      return { value: Math.max(0, value), vector: largest < 0 ? vector.map((x) => -x) : vector };
    })
    .sort((x, y) => y.value - x.value);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
