import { SegError } from '@seg/core';
import { type ImageArray, type ImageDtype, imageDtypes, type MedicalImage } from './medical-image.ts';
import { affineFromAxes, moveFirstAxisLast, swapRasLps } from './raster.ts';
import { shearWarnings } from './shear-warnings.ts';

/** The image of itk-wasm: sizes x first, world coordinates LPS, direction cosines as columns of a row-major matrix. */
export interface ItkImage {
  readonly imageType: { readonly dimension: number; readonly componentType: string; readonly components: number };
  readonly origin: ArrayLike<number>;
  readonly spacing: ArrayLike<number>;
  readonly direction: ArrayLike<number>;
  readonly size: ArrayLike<number>;
  readonly data: unknown;
}

/**
 * An image of itk-wasm as ours: world coordinates turned to RAS+, components of a voxel as last axis.
 *
 * @throws SegError `unsupported` for component types without a counterpart, `corrupt-data` for contradictions.
 */
export function imageOfItk(where: string, image: ItkImage): MedicalImage {
  const { dimension, componentType, components } = image.imageType;
  if (!(componentType in imageDtypes)) {
    throw new SegError('unsupported', { where, problem: 'the voxel type is not supported', got: componentType });
  }
  const dtype = componentType as ImageDtype;
  const sizes = Array.from(image.size);
  const voxels = sizes.reduce((product, size) => product * size, components);
  const { data } = image;
  if (!(data instanceof imageDtypes[dtype].array) || data.length !== voxels || sizes.length !== dimension) {
    throw new SegError('corrupt-data', { where, problem: 'voxels and sizes of the image disagree', got: sizes });
  }
  const spatial = Math.min(3, dimension);
  const axes = Array.from({ length: spatial }, (_, j) =>
    Array.from({ length: spatial }, (_unused, i) => image.direction[i * dimension + j]! * image.spacing[j]!),
  );
  const affine = swapRasLps(affineFromAxes(axes, Array.from(image.origin)));
  return {
    format: 'dicom',
    shape: components > 1 ? [...sizes, components] : sizes,
    dtype,
    byteOrder: 'little',
    data: moveFirstAxisLast(data as ImageArray, components),
    slope: null,
    intercept: null,
    zooms: [...Array.from(image.spacing), ...(components > 1 ? [1] : [])],
    affine,
    header: {},
    extensions: [],
    warnings: shearWarnings(affine),
  };
}
