import type { Volume } from '@seg/core';
import { littleEndianHost, swapBytes } from '../../bytes/byte-order.ts';
import type { ImageDtype, MedicalImage } from '../medical-image.ts';
import { checkType, interleavedComponents, littleEndianBytes, rasterOf, swapRasLps } from '../raster.ts';

export interface EncodeMetaImageOptions {
  /** Packs the voxels as a zlib stream; without it they are stored raw. */
  readonly zlib?: (bytes: Uint8Array) => Uint8Array;
}

const typeNames: Partial<Readonly<Record<ImageDtype, string>>> = {
  int8: 'MET_CHAR',
  uint8: 'MET_UCHAR',
  int16: 'MET_SHORT',
  uint16: 'MET_USHORT',
  int32: 'MET_INT',
  uint32: 'MET_UINT',
  int64: 'MET_LONG_LONG',
  uint64: 'MET_ULONG_LONG',
  float32: 'MET_FLOAT',
  float64: 'MET_DOUBLE',
  rgb24: 'MET_UCHAR_ARRAY',
  rgba32: 'MET_UCHAR_ARRAY',
};

/**
 * The bytes of a MetaImage file (.mha) with attached little-endian voxels, world coordinates LPS as ITK writes it. Images
 * with a scaling are written as their float32 values; channels are a fourth dimension.
 */
export function encodeMetaImage(
  source: Volume | MedicalImage,
  options: EncodeMetaImageOptions = {},
): Uint8Array<ArrayBuffer> {
  const { shape, dtype, data, affine, zooms } = rasterOf(source);
  const type = checkType('encodeMetaImage', dtype, typeNames);
  const lps = swapRasLps(affine);
  const dims = shape.length;
  const spatial = Math.min(3, dims);
  const spacing = shape.map((_, j) =>
    j < spatial ? Math.hypot(lps[j]!, lps[4 + j]!, lps[8 + j]!) || 1 : zooms[j]! > 0 ? zooms[j]! : 1,
  );
  const matrix = shape.map((_, j) =>
    shape.map((_unused, i) => (j < spatial && i < spatial ? lps[4 * i + j]! / spacing[j]! : Number(i === j))),
  );
  const offset = shape.map((_, i) => (i < spatial ? lps[4 * i + 3]! : 0));
  const voxels = littleEndianBytes(data, littleEndianHost ? () => undefined : swapBytes);
  const body = options.zlib === undefined ? voxels : options.zlib(voxels);
  const components = interleavedComponents(dtype);
  const lines = [
    'ObjectType = Image',
    `NDims = ${dims}`,
    'BinaryData = True',
    'BinaryDataByteOrderMSB = False',
    `CompressedData = ${options.zlib === undefined ? 'False' : 'True'}`,
    ...(options.zlib === undefined ? [] : [`CompressedDataSize = ${body.length}`]),
    `TransformMatrix = ${matrix.flat().join(' ')}`,
    `Offset = ${offset.join(' ')}`,
    `CenterOfRotation = ${offset.map(() => 0).join(' ')}`,
    `ElementSpacing = ${spacing.join(' ')}`,
    `DimSize = ${shape.join(' ')}`,
    ...(components > 1 ? [`ElementNumberOfChannels = ${components}`] : []),
    `ElementType = ${type}`,
    'ElementDataFile = LOCAL',
    '',
  ];
  const header = new TextEncoder().encode(lines.join('\n'));
  const bytes = new Uint8Array(header.length + body.length);
  bytes.set(header);
  bytes.set(body, header.length);
  return bytes;
}
