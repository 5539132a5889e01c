import { createVolume, Rng, SegError, type Triple, type Volume, voxelCount } from '@seg/core';
import type { LabelDefinition } from '../dataset/manifest-types.ts';
import { DEFAULT_ORGANS, type PhantomOrgan, type PosedOrgan, poseOrgan } from './organ.ts';
import { smoothField } from './smooth-field.ts';

export interface PhantomOptions {
  /** The same seed gives the same phantom. Default 0. */
  readonly seed?: number;
  /** Voxels (z, y, x). Default 40 x 48 x 40. */
  readonly shape?: Triple;
  /** mm (z, y, x). Default 4 mm. */
  readonly spacingMm?: Triple;
  /** Painted in this order, later ones over earlier ones. Default `DEFAULT_ORGANS`. */
  readonly organs?: readonly PhantomOrgan[];
  /** Standard deviation of the smooth deformation, as a fraction of the field of view. Default 0.025. */
  readonly deformation?: number;
  /** Standard deviation of the noise in each of the two receiver channels (Rician magnitude). Default 0.045. */
  readonly noise?: number;
  /** Standard deviation of the logarithm of the bias field. Default 0.12. */
  readonly bias?: number;
  /** Standard deviation of the texture inside tissues. Default 0.03. */
  readonly texture?: number;
}

/** A synthetic case with its truth. */
export interface Phantom {
  /** Signal >= 0, float32; its scale differs from case to case as in MR. */
  readonly image: Volume<Float32Array>;
  /** 0 and the values of `labels`. */
  readonly label: Volume<Uint8Array>;
  readonly labels: readonly LabelDefinition[];
}

/**
 * A synthetic soft-tissue volume with known truth: ellipsoid organs under a smooth random deformation, partial volume
 * at their borders, texture, a multiplicative bias field, Rician noise and a random signal scale.
 *
 * @throws SegError `invalid-argument` for sizes, spacings or label values that are no such thing.
 * @example
 * const { image, label, labels } = generatePhantom({ seed: 1, shape: [32, 32, 32] });
 */
export function generatePhantom(options: PhantomOptions = {}): Phantom {
  const { seed = 0, shape = [40, 48, 40], spacingMm = [4, 4, 4], organs = DEFAULT_ORGANS } = options;
  const { deformation = 0.025, noise = 0.045, bias = 0.12, texture = 0.03 } = options;
  checkOptions({ shape, spacingMm, organs, deformation, noise, bias, texture });
  const rng = Rng.fromSeed(seed).fork('phantom');
  const sizeMm: Triple = [shape[0] * spacingMm[0], shape[1] * spacingMm[1], shape[2] * spacingMm[2]];
  const posed = organs.map((spec) => poseOrgan(rng.fork(`organ ${spec.name}`), spec, sizeMm));
  const { signal, truth } = paint(rng, posed, { shape, spacingMm, sizeMm, deformation });
  addScannerEffects(rng, signal, { shape, noise, bias, texture });
  const origin = (axis: 0 | 1 | 2) => (-(shape[axis] - 1) / 2) * spacingMm[axis];
  const [sz, sy, sx] = spacingMm;
  const affine = [sx, 0, 0, origin(2), 0, sy, 0, origin(1), 0, 0, sz, origin(0), 0, 0, 0, 1];
  return {
    image: createVolume(signal, shape, { spacingMm, affine }),
    label: createVolume(truth, shape, { spacingMm, affine }),
    labels: organLabels(organs),
  };
}

/** The labelled organs' values and names, by value. */
export function organLabels(organs: readonly PhantomOrgan[] = DEFAULT_ORGANS): readonly LabelDefinition[] {
  const names = new Map<number, string>();
  for (const { value, name } of organs) if (value > 0 && !names.has(value)) names.set(value, name);
  return [...names].sort((a, b) => a[0] - b[0]).map(([value, name]) => ({ value, name }));
}

interface Canvas {
  readonly shape: Triple;
  readonly spacingMm: Triple;
  readonly sizeMm: Triple;
  readonly deformation: number;
}

function paint(rng: Rng, organs: readonly PosedOrgan[], canvas: Canvas) {
  const { shape, spacingMm, sizeMm, deformation } = canvas;
  const warp = ([0, 1, 2] as const).map((axis) =>
    smoothField(rng.fork(`warp ${axis}`), shape, [4, 4, 4], deformation * sizeMm[axis]),
  );
  const [warpZ, warpY, warpX] = warp as [Float32Array, Float32Array, Float32Array];
  const signal = new Float32Array(voxelCount(shape)).fill(0.02);
  const truth = new Uint8Array(signal.length);
  const rampMm = Math.cbrt(spacingMm[0] * spacingMm[1] * spacingMm[2]);
  for (const { value, intensity, ellipsoids } of organs) {
    for (let z = 0, index = 0; z < shape[0]; z++) {
      for (let y = 0; y < shape[1]; y++) {
        for (let x = 0; x < shape[2]; x++, index++) {
          const pz = (z + 0.5) * spacingMm[0] + warpZ[index]!;
          const py = (y + 0.5) * spacingMm[1] + warpY[index]!;
          const px = (x + 0.5) * spacingMm[2] + warpX[index]!;
          let distance = Number.POSITIVE_INFINITY;
          for (const { centreMm, radiiMm, rotation } of ellipsoids) {
            const dz = pz - centreMm[0];
            const dy = py - centreMm[1];
            const dx = px - centreMm[2];
            const a = (rotation[0]! * dz + rotation[1]! * dy + rotation[2]! * dx) / radiiMm[0];
            const b = (rotation[3]! * dz + rotation[4]! * dy + rotation[5]! * dx) / radiiMm[1];
            const c = (rotation[6]! * dz + rotation[7]! * dy + rotation[8]! * dx) / radiiMm[2];
            const radius = Math.sqrt(a * a + b * b + c * c);
            if (radius > 2) continue;
            // First-order signed distance to the ellipsoid in mm: the implicit function over its gradient's length.
            const slope = Math.sqrt((a / radiiMm[0]) ** 2 + (b / radiiMm[1]) ** 2 + (c / radiiMm[2]) ** 2);
            distance = Math.min(distance, slope === 0 ? -radiiMm[0] : (radius * (radius - 1)) / slope);
          }
          const share = Math.min(1, Math.max(0, 0.5 - distance / rampMm));
          if (share === 0) continue;
          signal[index] = signal[index]! + share * (intensity - signal[index]!);
          if (share >= 0.5) truth[index] = value;
        }
      }
    }
  }
  return { signal, truth };
}

interface ScannerEffects {
  readonly shape: Triple;
  readonly noise: number;
  readonly bias: number;
  readonly texture: number;
}

function addScannerEffects(rng: Rng, signal: Float32Array, effects: ScannerEffects): void {
  const { shape, noise, bias, texture } = effects;
  const fine: Triple = [Math.ceil(shape[0] / 4), Math.ceil(shape[1] / 4), Math.ceil(shape[2] / 4)];
  const grain = smoothField(rng.fork('texture'), shape, fine, texture);
  const shading = smoothField(rng.fork('bias'), shape, [1, 1, 1], bias);
  const real = rng.fork('noise, real').fillNormal(new Float32Array(signal.length), 0, noise);
  const imaginary = rng.fork('noise, imaginary').fillNormal(new Float32Array(signal.length), 0, noise);
  const scale = 100 * Math.exp(rng.fork('scale').normal(0, 1));
  for (let i = 0; i < signal.length; i++) {
    const clean = Math.max(0, signal[i]! * (1 + grain[i]!)) * Math.exp(shading[i]!);
    signal[i] = scale * Math.sqrt((clean + real[i]!) ** 2 + imaginary[i]! ** 2);
  }
}

type CheckedOptions = Required<Omit<PhantomOptions, 'seed'>>;

function checkOptions({ shape, spacingMm, organs, ...amounts }: CheckedOptions): void {
  const fail = (problem: string, got: unknown, hint?: string): never => {
    throw new SegError('invalid-argument', {
      where: 'generatePhantom',
      problem,
      got,
      ...(hint === undefined ? {} : { hint }),
    });
  };
  if (shape.length !== 3 || !shape.every((n) => Number.isInteger(n) && n >= 4)) {
    fail('shape must be three integers of at least 4', shape);
  }
  if (spacingMm.length !== 3 || !spacingMm.every((s) => Number.isFinite(s) && s > 0)) {
    fail('spacingMm must be three positive numbers', spacingMm);
  }
  for (const { name, value, parts } of organs) {
    if (!Number.isInteger(value) || value < 0 || value > 255) fail(`organ "${name}" has no label value 0-255`, value);
    if (!parts.every(({ radii }) => radii.every((r) => r > 0)))
      fail(`organ "${name}" has a radius that is not positive`, parts);
  }
  for (const [name, value] of Object.entries(amounts)) {
    if (!(Number.isFinite(value) && value >= 0)) fail(`${name} must be a number >= 0`, value);
  }
}
