import { type Affine, SegError, spacingOfAffine } from '@seg/core';
import type { ImageDtype, MedicalImage } from '../medical-image.ts';
import { refuseOtherFormat } from '../other-formats.ts';
import { checkedVoxelBytes, voxelArray } from '../voxel-bytes.ts';
import { detectNifti, type NiftiKind } from './detect-nifti.ts';
import { niftiAffine } from './nifti-affine.ts';
import { dtypeOfNiftiCode } from './nifti-datatypes.ts';
import { type NiftiExtension, parseNiftiExtensions } from './nifti-extensions.ts';
import { type NiftiHeader, niftiHeaderBytes } from './nifti-header.ts';
import { niftiScaling } from './nifti-scaling.ts';
import { parseNiftiHeader } from './parse-nifti-header.ts';

/** A NIfTI or Analyze image. */
export interface NiftiImage extends MedicalImage {
  readonly format: 'nifti1' | 'nifti2' | 'analyze';
  readonly header: NiftiHeader;
}

/** All of an image but its voxels, and where those lie. */
export interface NiftiLayout extends Omit<NiftiImage, 'data'> {
  /** Byte in the (uncompressed) voxel file at which the voxels begin. */
  readonly voxelOffset: number;
  readonly voxelBytes: number;
}

export interface ParseNiftiOptions {
  /** The voxels of a .hdr/.img pair, where `bytes` is the .hdr file. Default: the voxels follow the header. */
  readonly voxels?: Uint8Array;
  /** Most bytes of voxels that are accepted. Default 8 GiB. */
  readonly maxBytes?: number;
  /** What errors call the data. Default `parseNifti`. */
  readonly name?: string;
}

/**
 * The image in the bytes of a NIfTI-1, NIfTI-2 or Analyze 7.5 file, uncompressed (see `gunzip`).
 *
 * Every data type but the 128-bit ones, either byte order, 1 to 7 dimensions. Voxels are a view of the bytes where they
 * can be. Small faults are repaired as nibabel does and listed in `warnings`.
 *
 * @throws SegError `corrupt-data` for a file that is damaged or no NIfTI, `unsupported` for data types without a
 * counterpart, `limit-exceeded` above `maxBytes`.
 *
 * @example
 * const image = parseNifti(new Uint8Array(await file.arrayBuffer()));
 * const values = scaledData(image);
 */
export function parseNifti(bytes: Uint8Array, options: ParseNiftiOptions = {}): NiftiImage {
  const { voxels, maxBytes, name: where = 'parseNifti' } = options;
  const layout = parseNiftiLayout(where, bytes, {
    separateVoxels: voxels !== undefined,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  return withVoxels(where, layout, voxels ?? bytes);
}

/** The checked header of a NIfTI or Analyze file; only its first 348 (NIfTI-2: 540) bytes are needed. */
export function readNiftiHeader(bytes: Uint8Array, options: { readonly name?: string } = {}): NiftiHeader {
  const where = options.name ?? 'readNiftiHeader';
  return parseNiftiHeader(where, bytes, kindOf(where, bytes)).header;
}

/** All but the voxels; `bytes` must reach to the voxels if there are extensions. */
export function parseNiftiLayout(
  where: string,
  bytes: Uint8Array,
  options: { readonly separateVoxels: boolean; readonly maxBytes?: number },
): NiftiLayout {
  const kind = kindOf(where, bytes);
  if (kind === 'analyze' && !options.separateVoxels) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'this is an Analyze 7.5 header, or a NIfTI file with a damaged magic string',
      hint: 'An Analyze image needs its .hdr and .img file.',
    });
  }
  const { header, warnings } = parseNiftiHeader(where, bytes, kind, options.separateVoxels);
  const dtype = dtypeOfNiftiCode(where, header.datatype);
  const shape = niftiShape(where, header);
  const voxelBytes = checkedVoxelBytes(where, shape, dtype, options.maxBytes);
  const placed = niftiAffine(where, header);
  return {
    format: kind,
    shape,
    dtype,
    byteOrder: header.byteOrder,
    ...niftiScaling(where, header),
    zooms: zoomsOf(header, placed.affine),
    affine: placed.affine,
    header,
    extensions: extensionsOf(where, bytes, header),
    warnings: [...warnings, ...placed.warnings],
    voxelOffset: Math.trunc(header.voxOffset),
    voxelBytes,
  };
}

/** Relative difference of an affine's spacing and pixdim that is the rounding of float32 headers. */
const FLOAT32_ROUNDING = 1e-5;

/** The affine's spacing, as pixdim gives it where they differ by rounding only; pixdim for further axes. */
function zoomsOf({ pixdim, dim }: NiftiHeader, affine: Affine): number[] {
  const spacing = spacingOfAffine(affine).toReversed();
  return pixdim.slice(1, dim[0]! + 1).map((size, axis) => {
    const own = spacing[axis];
    return own === undefined || Math.abs(own / size - 1) <= FLOAT32_ROUNDING ? size : own;
  });
}

/** Adds the voxels, taken out of the bytes of the uncompressed voxel file. */
export function withVoxels(where: string, layout: NiftiLayout, file: Uint8Array): NiftiImage {
  const { voxelOffset, voxelBytes, ...rest } = layout;
  if (voxelOffset + voxelBytes > file.length) throw truncated(where, voxelOffset + voxelBytes, file.length);
  return { ...rest, data: voxelArray(file, voxelOffset, voxelBytes, rest.dtype as ImageDtype, rest.byteOrder) };
}

/** The error for a file that ends before its voxels do. */
export function truncated(where: string, needed: number, available: number): SegError {
  return new SegError('corrupt-data', {
    where,
    problem: 'the file ends before its voxels do',
    got: `${available} bytes`,
    expected: `at least ${needed}`,
    hint: 'The file is truncated or its header is wrong; fetch or convert it again.',
  });
}

function kindOf(where: string, bytes: Uint8Array): NiftiKind {
  const kind = detectNifti(bytes);
  if (kind !== undefined) return kind;
  refuseOtherFormat(where, bytes);
  throw new SegError('corrupt-data', {
    where,
    problem: bytes.length < 348 ? 'the file is too short for a NIfTI header' : 'this is no NIfTI or Analyze file',
    got: `${bytes.length} bytes`,
    hint:
      bytes[0] === 0x1f && bytes[1] === 0x8b ? 'It is compressed: call gunzip first.' : 'The magic string is missing.',
  });
}

/** Sizes of the dimensions, with FreeSurfer's two conventions for vectors that are too long for 16 bits. */
function niftiShape(where: string, { dim, glmin, version, form }: NiftiHeader): number[] {
  const shape = dim.slice(1, dim[0]! + 1);
  if (version === 2 || form === 'analyze' || shape.length < 3) return shape;
  const [x, y, z] = shape as [number, number, number];
  if (x === -1 && y === 1 && z === 1) {
    if (glmin <= 0)
      throw new SegError('corrupt-data', { where, problem: 'dim[1] is -1 but glmin gives no length', got: glmin });
    return [glmin, 1, 1, ...shape.slice(3)];
  }
  return x === 27307 && y === 1 && z === 6 ? [163842, 1, 1, ...shape.slice(3)] : shape;
}

function extensionsOf(where: string, bytes: Uint8Array, header: NiftiHeader): NiftiExtension[] {
  if (header.form === 'analyze') return [];
  const toEnd = header.form === 'pair';
  if (!toEnd && bytes[niftiHeaderBytes(header.version)] !== 0 && !hasOffset(bytes, header)) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'there are extensions, but vox_offset does not say where they end and the voxels begin',
      got: 0,
    });
  }
  const end = toEnd ? bytes.length : header.voxOffset;
  return parseNiftiExtensions(where, bytes, niftiHeaderBytes(header.version), end, header.byteOrder, toEnd);
}

/** Whether the file itself says where its voxels begin; a repaired header always does. */
function hasOffset(bytes: Uint8Array, { version, byteOrder }: NiftiHeader): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const little = byteOrder === 'little';
  return version === 1 ? view.getFloat32(108, little) !== 0 : view.getBigInt64(168, little) !== 0n;
}
