import type { Volume } from '@seg/core';
import { littleEndianHost, swapBytes } from '../../bytes/byte-order.ts';
import { convertVoxels, dtypeOfArray } from '../convert-voxels.ts';
import type { ByteOrder, ImageArray, ImageDtype, MedicalImage } from '../medical-image.ts';
import { buildNiftiHeader } from './build-nifti-header.ts';
import { encodeNiftiHeader } from './encode-nifti-header.ts';
import { encodeNiftiExtensions, type NiftiExtension } from './nifti-extensions.ts';
import { type NiftiHeader, niftiHeaderBytes } from './nifti-header.ts';

export interface EncodeNiftiOptions {
  /** NIfTI version. Default: the image's own, else that of `like`, else 1, or 2 for more than 32767 voxels along an axis. */
  readonly version?: 1 | 2;
  /** Type of the stored voxels. Default: that of the data. */
  readonly dtype?: ImageDtype;
  /**
   * An image whose forms, units and time step the header takes over, so that a result lies on exactly the grid of its
   * input. Its forms are used where its affine equals the volume's.
   */
  readonly like?: MedicalImage;
  /** For volumes: values are stored as (value - intercept) / slope. Default 1. */
  readonly slope?: number;
  /** For volumes: see `slope`. Default 0. */
  readonly intercept?: number;
  /** Default: the image's own, else little. */
  readonly byteOrder?: ByteOrder;
  /** Header extensions. Default: the image's own. */
  readonly extensions?: readonly NiftiExtension[];
  /** Text for the header's description, at most 79 Latin-1 characters. Default: the image's own, else empty. */
  readonly description?: string;
  /** Leaves out description, auxiliary file, intent name and extensions, where names of people hide. Default false. */
  readonly scrub?: boolean;
  /** What errors call the data. Default the function's name. */
  readonly name?: string;
}

/**
 * The bytes of a single-file NIfTI (.nii) with a volume or an image.
 *
 * A `MedicalImage` that came from NIfTI is written back as it was: voxels, header fields, extensions. A `Volume` is
 * written with sform and qform from its affine, channels as fourth axis. Unused header bytes are zeros.
 *
 * @throws SegError `invalid-argument` for voxels that do not fit the dtype or an affine that no header can say.
 *
 * @example
 * const bytes = encodeNifti(prediction, { like: image, dtype: 'uint8' });
 */
export function encodeNifti(source: Volume | MedicalImage, options: EncodeNiftiOptions = {}): Uint8Array<ArrayBuffer> {
  const { header, extensions, voxels } = prepare(options.name ?? 'encodeNifti', source, options, 'single');
  const bytes = new Uint8Array(header.voxOffset + voxels.byteLength);
  writeHeader(bytes, header, extensions);
  bytes.set(new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength), header.voxOffset);
  orderBytes(bytes.subarray(header.voxOffset), voxels, header.byteOrder);
  return bytes;
}

/** The bytes of a NIfTI .hdr/.img pair; otherwise as `encodeNifti`. */
export function encodeNiftiPair(
  source: Volume | MedicalImage,
  options: EncodeNiftiOptions = {},
): { readonly header: Uint8Array<ArrayBuffer>; readonly voxels: Uint8Array<ArrayBuffer> } {
  const { header, extensions, voxels } = prepare(options.name ?? 'encodeNiftiPair', source, options, 'pair');
  const bytes = new Uint8Array(niftiHeaderBytes(header.version) + 4 + extensions.length);
  writeHeader(bytes, header, extensions);
  const voxelBytes = new Uint8Array(voxels.byteLength);
  voxelBytes.set(new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength));
  orderBytes(voxelBytes, voxels, header.byteOrder);
  return { header: bytes, voxels: voxelBytes };
}

function prepare(
  where: string,
  source: Volume | MedicalImage,
  options: EncodeNiftiOptions,
  form: 'single' | 'pair',
): { header: NiftiHeader; extensions: Uint8Array; voxels: ImageArray } {
  const { scrub = false } = options;
  const isImage = 'format' in source;
  const dtype = options.dtype ?? (isImage ? source.dtype : dtypeOfArray(source.data));
  const base = buildNiftiHeader(where, source, dtype, options);
  const own = isImage ? source.extensions : [];
  const extensions = encodeNiftiExtensions(scrub ? [] : (options.extensions ?? own), base.byteOrder);
  const header: NiftiHeader = {
    ...base,
    ...(scrub ? { descrip: '', auxFile: '', intentName: '', dataType: '', dbName: '' } : {}),
    form,
    magic: `${form === 'pair' ? 'ni' : 'n+'}${base.version}`,
    voxOffset: form === 'pair' ? 0 : niftiHeaderBytes(base.version) + 4 + extensions.length,
  };
  const plain = isImage && source.dtype === dtype;
  const voxels = plain ? source.data : convertVoxels(where, source.data, dtype, isImage ? {} : options);
  return { header, extensions, voxels };
}

function writeHeader(bytes: Uint8Array, header: NiftiHeader, extensions: Uint8Array): void {
  const length = niftiHeaderBytes(header.version);
  bytes.set(encodeNiftiHeader(header));
  bytes[length] = extensions.length > 0 ? 1 : 0;
  bytes.set(extensions, length + 4);
}

function orderBytes(bytes: Uint8Array, voxels: ImageArray, byteOrder: ByteOrder): void {
  if ((byteOrder === 'little') !== littleEndianHost) swapBytes(bytes, voxels.BYTES_PER_ELEMENT);
}
