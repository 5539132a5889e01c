import type { Volume } from '@seg/core';
import { littleEndianHost, swapBytes } from '../../bytes/byte-order.ts';
import type { ImageDtype, MedicalImage } from '../medical-image.ts';
import { checkType, interleavedComponents, littleEndianBytes, rasterOf, swapRasLps } from '../raster.ts';

export interface EncodeNrrdOptions {
  /** Packs the voxels as gzip; without it they are stored raw. */
  readonly gzip?: (bytes: Uint8Array) => Uint8Array;
  /** Free `key:=value` pairs for the header. */
  readonly keyValues?: Readonly<Record<string, string>>;
}

const typeNames: Partial<Readonly<Record<ImageDtype, string>>> = {
  int8: 'int8',
  uint8: 'uint8',
  int16: 'int16',
  uint16: 'uint16',
  int32: 'int32',
  uint32: 'uint32',
  int64: 'int64',
  uint64: 'uint64',
  float32: 'float',
  float64: 'double',
  complex64: 'float',
  complex128: 'double',
  rgb24: 'uint8',
  rgba32: 'uint8',
};

const interleavedKinds: Partial<Readonly<Record<ImageDtype, string>>> = {
  complex64: 'complex',
  complex128: 'complex',
  rgb24: 'RGB-color',
  rgba32: 'RGBA-color',
};

/**
 * The bytes of a NRRD file with attached little-endian voxels, space left-posterior-superior as Slicer and ITK write it.
 * Images with a scaling are written as their float32 values.
 */
export function encodeNrrd(source: Volume | MedicalImage, options: EncodeNrrdOptions = {}): Uint8Array<ArrayBuffer> {
  const { shape, dtype, data, affine } = rasterOf(source);
  const lps = swapRasLps(affine);
  const spatial = Math.min(3, shape.length);
  const plane = shape.length < 3;
  const vector = (j: number) => `(${[lps[j], lps[4 + j], lps[8 + j]].slice(0, plane ? 2 : 3).join(',')})`;
  const components = interleavedComponents(dtype);
  const kinds: string[] = shape.map((_, i) => (i < 3 ? 'domain' : 'list'));
  const directions: string[] = shape.map((_, i) => (i < spatial ? vector(i) : 'none'));
  const sizes = [...shape];
  if (components > 1) {
    kinds.unshift(interleavedKinds[dtype]!);
    directions.unshift('none');
    sizes.unshift(components);
  }
  const lines = [
    'NRRD0005',
    `type: ${checkType('encodeNrrd', dtype, typeNames)}`,
    `dimension: ${sizes.length}`,
    plane ? 'space dimension: 2' : 'space: left-posterior-superior',
    `sizes: ${sizes.join(' ')}`,
    `space directions: ${directions.join(' ')}`,
    `kinds: ${kinds.join(' ')}`,
    'endian: little',
    `encoding: ${options.gzip === undefined ? 'raw' : 'gzip'}`,
    `space origin: ${vector(3)}`,
    ...Object.entries(options.keyValues ?? {}).map(([key, value]) => `${key}:=${value.replace(/\s+/g, ' ')}`),
    '',
    '',
  ];
  const header = new TextEncoder().encode(lines.join('\n'));
  const voxels = littleEndianBytes(data, littleEndianHost ? () => undefined : swapBytes);
  const body = options.gzip === undefined ? voxels : options.gzip(voxels);
  const bytes = new Uint8Array(header.length + body.length);
  bytes.set(header);
  bytes.set(body, header.length);
  return bytes;
}
