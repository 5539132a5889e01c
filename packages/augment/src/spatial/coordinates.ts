import { SegError, type Triple, voxelCount } from '@seg/core';

/**
 * Where each voxel of an output grid samples the input: three planes [z | y | x], each [D, H, W] of the output, in input
 * voxel indices. `moved` is false where they are the input's own grid.
 */
export interface SamplingGrid {
  readonly coordinates: Float32Array;
  readonly shape: Triple;
}

/** A sampling grid that a matrix describes: faster to sample than one with coordinates. */
export interface AffineSamplingGrid {
  readonly matrix: SamplingMatrix;
  /** [D, H, W] of the output. */
  readonly shape: Triple;
}

/** Rows of a 3x4 matrix that maps an output index (z, y, x, 1) to input coordinates (z, y, x). */
export type SamplingMatrix = readonly (readonly [number, number, number, number])[];

export interface AffineOptions {
  /** Angles in radians about the z, y and x axis; applied in the order z, y, x. Default 0. */
  readonly rotationRad?: Triple;
  /** Factors on the coordinates of each axis: above 1 the object shrinks (as in batchgenerators). Default 1. */
  readonly scale?: Triple;
  /** Voxels by which the content moves along z, y, x. Default 0. */
  readonly shiftVoxels?: Triple;
}

/**
 * The sampling matrix of a rotation, scaling and shift about the centre of the patch; input and output grids share
 * their centres, so a smaller output is a centre crop.
 *
 * @param inputShape [D, H, W] of the patch that is sampled.
 * @param outputShape [D, H, W] of the result.
 */
export function affineMatrix(inputShape: Triple, outputShape: Triple, options: AffineOptions = {}): SamplingMatrix {
  const { rotationRad = [0, 0, 0], scale = [1, 1, 1], shiftVoxels = [0, 0, 0] } = options;
  if (!scale.every((s) => s > 0 && Number.isFinite(s))) {
    throw new SegError('invalid-argument', { where: 'affineMatrix', problem: 'scales must be positive', got: scale });
  }
  const rotation = rotationMatrix(rotationRad);
  return [0, 1, 2].map((i) => {
    const row = rotation[i]!.map((value) => value * scale[i]!);
    let offset = cropCentre(inputShape[i]!, outputShape[i]!) - shiftVoxels[i]!;
    for (let j = 0; j < 3; j++) offset -= row[j]! * ((outputShape[j]! - 1) / 2);
    return [row[0]!, row[1]!, row[2]!, offset] as const;
  });
}

/** The input coordinate of the output's centre: half a voxel before the middle if the sizes differ by an odd number. */
function cropCentre(input: number, output: number): number {
  return Math.floor((input - output) / 2) + (output - 1) / 2;
}

function rotationMatrix([z, y, x]: Triple): number[][] {
  const [cz, sz, cy, sy, cx, sx] = [Math.cos(z), Math.sin(z), Math.cos(y), Math.sin(y), Math.cos(x), Math.sin(x)];
  const aboutZ = [
    [1, 0, 0],
    [0, cz, -sz],
    [0, sz, cz],
  ];
  const aboutY = [
    [cy, 0, sy],
    [0, 1, 0],
    [-sy, 0, cy],
  ];
  const aboutX = [
    [cx, -sx, 0],
    [sx, cx, 0],
    [0, 0, 1],
  ];
  return multiply(aboutX, multiply(aboutY, aboutZ));
}

function multiply(a: readonly number[][], b: readonly number[][]): number[][] {
  return a.map((row) => [0, 1, 2].map((j) => row[0]! * b[0]![j]! + row[1]! * b[1]![j]! + row[2]! * b[2]![j]!));
}

/** The coordinates of a matrix's sampling grid, to be distorted further. */
export function affineGrid(matrix: SamplingMatrix, outputShape: Triple): SamplingGrid {
  const [depth, height, width] = outputShape;
  const voxels = voxelCount(outputShape);
  const coordinates = new Float32Array(3 * voxels);
  for (let axis = 0; axis < 3; axis++) {
    const [mz, my, mx, offset] = matrix[axis]!;
    let i = axis * voxels;
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y++) {
        const start = offset + mz * z + my * y;
        for (let x = 0; x < width; x++) coordinates[i++] = start + mx * x;
      }
    }
  }
  return { coordinates, shape: outputShape };
}
