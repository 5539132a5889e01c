import type { Rng, Triple } from '@seg/core';

/** One ellipsoid of an organ, in fractions of the field of view, (z, y, x) order. */
export interface OrganPart {
  readonly centre: Triple;
  readonly radii: Triple;
}

/** A structure of the phantom and how much it differs between cases. */
export interface PhantomOrgan {
  readonly name: string;
  /** Label value 1-255; 0 for tissue that is visible but not labelled. */
  readonly value: number;
  readonly parts: readonly OrganPart[];
  /** Mean signal; muscle is about 0.45, fat about 0.9. */
  readonly intensity: number;
  /** Standard deviation of the signal between cases. Default 0.03. */
  readonly intensitySd?: number;
  /** Standard deviation of the position between cases, as a fraction of the field of view. Default 0.02. */
  readonly positionSd?: number;
  /** Standard deviation of the logarithm of the size between cases. Default 0.1. */
  readonly sizeSd?: number;
  /** Standard deviation of the rotation about each axis between cases, in radians. Default 0.15. */
  readonly rotationSd?: number;
}

/**
 * The default anatomy, seen with x to the right, y to the front, z to the head: a trunk of fat and muscle with
 * liver, kidneys and spleen (labelled 1, 2, 3) and spine, aorta, stomach and bowel (not labelled), several of them so
 * close in signal that a threshold does not separate them.
 */
export const DEFAULT_ORGANS: readonly PhantomOrgan[] = [
  organ('fat', 0, [[0.5, 0.5, 0.5, 0.95, 0.46, 0.47]], 0.85, { sizeSd: 0.02, rotationSd: 0.03 }),
  organ('muscle', 0, [[0.5, 0.5, 0.5, 0.9, 0.42, 0.43]], 0.4, { sizeSd: 0.02, rotationSd: 0.03 }),
  organ('spine', 0, [[0.5, 0.2, 0.5, 0.9, 0.09, 0.08]], 0.3, { intensitySd: 0.05 }),
  organ('aorta', 0, [[0.5, 0.33, 0.46, 0.9, 0.04, 0.035]], 0.72, { intensitySd: 0.08 }),
  organ('bowel', 0, [[0.2, 0.62, 0.5, 0.17, 0.17, 0.24]], 0.52, { intensitySd: 0.08, positionSd: 0.04, sizeSd: 0.2 }),
  organ('stomach', 0, [[0.66, 0.66, 0.33, 0.18, 0.15, 0.16]], 0.56, {
    intensitySd: 0.08,
    positionSd: 0.035,
    sizeSd: 0.2,
  }),
  organ(
    'liver',
    1,
    [
      [0.64, 0.56, 0.69, 0.25, 0.23, 0.18],
      [0.7, 0.66, 0.52, 0.15, 0.13, 0.2],
    ],
    0.58,
  ),
  organ(
    'kidneys',
    2,
    [
      [0.36, 0.32, 0.71, 0.17, 0.09, 0.085],
      [0.4, 0.31, 0.29, 0.17, 0.09, 0.085],
    ],
    0.66,
    { intensitySd: 0.04 },
  ),
  organ('spleen', 3, [[0.66, 0.4, 0.21, 0.15, 0.13, 0.075]], 0.54, { intensitySd: 0.04, sizeSd: 0.18 }),
];

function organ(
  name: string,
  value: number,
  parts: readonly (readonly [number, number, number, number, number, number])[],
  intensity: number,
  variation: Partial<Pick<PhantomOrgan, 'intensitySd' | 'positionSd' | 'sizeSd' | 'rotationSd'>> = {},
): PhantomOrgan {
  const ellipsoids = parts.map(
    ([cz, cy, cx, rz, ry, rx]): OrganPart => ({ centre: [cz, cy, cx], radii: [rz, ry, rx] }),
  );
  return { name, value, parts: ellipsoids, intensity, ...variation };
}

/** An ellipsoid of one case in mm: centre and, row by row, the rotation into its own axes. */
export interface PosedEllipsoid {
  readonly centreMm: Triple;
  readonly radiiMm: Triple;
  readonly rotation: readonly number[];
}

/** An organ as one case has it. */
export interface PosedOrgan {
  readonly value: number;
  readonly intensity: number;
  readonly ellipsoids: readonly PosedEllipsoid[];
}

/** Draws one case's position, size, rotation and signal of an organ; its parts move and turn together. */
export function poseOrgan(rng: Rng, spec: PhantomOrgan, sizeMm: Triple): PosedOrgan {
  const { intensitySd = 0.03, positionSd = 0.02, sizeSd = 0.1, rotationSd = 0.15 } = spec;
  const shift = [0, 1, 2].map((axis) => rng.normal(0, positionSd) * sizeMm[axis]!);
  const growth = Math.exp(rng.normal(0, sizeSd));
  const rotation = rotationMatrix(rng.normal(0, rotationSd), rng.normal(0, rotationSd), rng.normal(0, rotationSd));
  const ellipsoids = spec.parts.map(({ centre, radii }): PosedEllipsoid => {
    const stretch = () => growth * Math.exp(rng.normal(0, sizeSd / 2));
    return {
      centreMm: [
        centre[0] * sizeMm[0] + shift[0]!,
        centre[1] * sizeMm[1] + shift[1]!,
        centre[2] * sizeMm[2] + shift[2]!,
      ],
      radiiMm: [radii[0] * sizeMm[0] * stretch(), radii[1] * sizeMm[1] * stretch(), radii[2] * sizeMm[2] * stretch()],
      rotation,
    };
  });
  return { value: spec.value, intensity: Math.max(0.02, rng.normal(spec.intensity, intensitySd)), ellipsoids };
}

/** Rows of the rotation about z, then y, then x, acting on (z, y, x) vectors. */
function rotationMatrix(a: number, b: number, c: number): readonly number[] {
  const [ca, sa, cb, sb, cc, sc] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b), Math.cos(c), Math.sin(c)];
  const first = [1, 0, 0, 0, ca, -sa, 0, sa, ca];
  const second = [cb, 0, sb, 0, 1, 0, -sb, 0, cb];
  const third = [cc, -sc, 0, sc, cc, 0, 0, 0, 1];
  return product(third, product(second, first));
}

function product(a: readonly number[], b: readonly number[]): number[] {
  const at = (i: number, j: number) => a[3 * i]! * b[j]! + a[3 * i + 1]! * b[3 + j]! + a[3 * i + 2]! * b[6 + j]!;
  return [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2), at(2, 0), at(2, 1), at(2, 2)];
}
