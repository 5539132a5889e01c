import { type Affine, SegError } from '@seg/core';
import type { ByteOrder, ImageDtype } from '../medical-image.ts';
import { affineFromAxes, swapRasLps } from '../raster.ts';
import type { MetaImageHeader } from './metaimage-header.ts';

/** What a MetaImage header says of its voxels. */
export interface MetaImageLayout {
  readonly storedShape: readonly number[];
  readonly storedType: ImageDtype;
  readonly shape: readonly number[];
  readonly dtype: ImageDtype;
  /** Numbers in a voxel that must become an axis of their own. */
  readonly channels: number;
  readonly byteOrder: ByteOrder;
  readonly compressed: boolean;
  readonly binary: boolean;
  readonly affine: Affine;
  readonly zooms: readonly number[];
  readonly slope: number | null;
  readonly intercept: number | null;
  /** Bytes before the voxels in their file; -1 means that the voxels are the file's last bytes. */
  readonly headerSize: number;
}

const types: Readonly<Record<string, ImageDtype>> = {
  MET_CHAR: 'int8',
  MET_UCHAR: 'uint8',
  MET_SHORT: 'int16',
  MET_USHORT: 'uint16',
  MET_INT: 'int32',
  MET_UINT: 'uint32',
  // A MET_LONG has four bytes in every file, whatever the machine's C compiler thinks.
  MET_LONG: 'int32',
  MET_ULONG: 'uint32',
  MET_LONG_LONG: 'int64',
  MET_ULONG_LONG: 'uint64',
  MET_FLOAT: 'float32',
  MET_DOUBLE: 'float64',
};

/** Interprets a MetaImage header. */
export function metaImageLayout(where: string, header: MetaImageHeader): MetaImageLayout {
  const corrupt = (problem: string, got?: unknown) =>
    new SegError('corrupt-data', { where, problem, ...(got === undefined ? {} : { got }) });
  const first = (...keys: string[]) => keys.map((key) => header[key]).find((value) => value !== undefined);
  const numbers = (count: number, fallback: readonly number[], ...keys: string[]): readonly number[] => {
    const text = first(...keys);
    if (text === undefined) return fallback;
    const values = text.split(/[\s,]+/).map(Number);
    if (values.length < count || !values.every(Number.isFinite)) throw corrupt(`${keys[0]} makes no sense`, text);
    return values.slice(0, count);
  };
  const flag = (...keys: string[]) => /^[t1]/i.test(first(...keys) ?? '');

  const objectType = header.ObjectType ?? 'Image';
  if (!/^image$/i.test(objectType)) {
    throw new SegError('unsupported', { where, problem: 'only MetaImages of type Image are read', got: objectType });
  }
  const dims = Number(header.NDims);
  if (!Number.isInteger(dims) || dims < 1 || dims > 7) throw corrupt('NDims is not 1 to 7', header.NDims);
  if (header.DimSize === undefined) throw corrupt('the header has no DimSize');
  const sizes = numbers(dims, [], 'DimSize');
  const storedType = types[(header.ElementType ?? '').replace(/_ARRAY$/, '')];
  if (storedType === undefined) {
    throw new SegError('unsupported', {
      where,
      problem: 'the ElementType is not supported',
      got: header.ElementType,
    });
  }
  const channels = numbers(1, [1], 'ElementNumberOfChannels')[0]!;
  if (!Number.isInteger(channels) || channels < 1) throw corrupt('ElementNumberOfChannels makes no sense', channels);
  const colour = storedType === 'uint8' && channels === 3 ? 'rgb24' : undefined;
  const several = channels > 1 && colour === undefined;

  const spacing = numbers(dims, new Array<number>(dims).fill(1), 'ElementSpacing', 'ElementSize');
  if (spacing.includes(0)) throw corrupt('ElementSpacing has a zero', spacing);
  const identity = Array.from({ length: dims * dims }, (_, i) => Number(i % (dims + 1) === 0));
  const matrix = numbers(dims * dims, identity, 'TransformMatrix', 'Rotation', 'Orientation');
  const offset = numbers(dims, new Array<number>(dims).fill(0), 'Offset', 'Position', 'Origin');
  const spatial = Math.min(3, dims);
  const axes = Array.from({ length: spatial }, (_, j) =>
    Array.from({ length: spatial }, (_unused, i) => matrix[j * dims + i]! * spacing[j]!),
  );
  const [slope, intercept] = [
    numbers(1, [1], 'ElementToIntensityFunctionSlope')[0]!,
    numbers(1, [0], 'ElementToIntensityFunctionOffset')[0]!,
  ];
  const scaled = slope !== 0 && (slope !== 1 || intercept !== 0);
  return {
    storedShape: channels > 1 ? [channels, ...sizes] : sizes,
    storedType,
    shape: several ? [...sizes, channels] : sizes,
    dtype: colour ?? storedType,
    channels: several ? channels : 1,
    byteOrder: flag('BinaryDataByteOrderMSB', 'ElementByteOrderMSB') ? 'big' : 'little',
    compressed: flag('CompressedData'),
    binary: header.BinaryData === undefined || flag('BinaryData'),
    affine: swapRasLps(affineFromAxes(axes, offset)),
    zooms: [...spacing.map(Math.abs), ...(several ? [1] : [])],
    slope: scaled ? slope : null,
    intercept: scaled ? intercept : null,
    headerSize: numbers(1, [0], 'HeaderSize')[0]!,
  };
}
