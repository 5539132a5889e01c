import { type Affine, SegError } from '@seg/core';
import { millimetresIn, toMillimetres } from '../length-units.ts';
import { type ByteOrder, type ImageDtype, imageDtypes } from '../medical-image.ts';
import { affineFromAxes, swapRasLps } from '../raster.ts';
import type { NrrdHeader } from './nrrd-header.ts';

export type NrrdEncoding = 'raw' | 'gzip' | 'ascii' | 'hex';

/** What a NRRD header says of its voxels. */
export interface NrrdLayout {
  /** Sizes as stored, first axis fastest. */
  readonly storedShape: readonly number[];
  readonly storedType: ImageDtype;
  /** Sizes with the first spatial axis first; without the axis of an interleaved type. */
  readonly shape: readonly number[];
  readonly dtype: ImageDtype;
  /** Whether the stored first axis must go behind the others (vectors, channels first). */
  readonly channelsFirst: boolean;
  readonly byteOrder: ByteOrder;
  readonly encoding: NrrdEncoding;
  readonly affine: Affine;
  readonly zooms: readonly number[];
  readonly lineSkip: number;
  /** Bytes to skip; -1 means that the voxels are the file's last bytes. */
  readonly byteSkip: number;
  readonly warnings: readonly string[];
}

const types: Readonly<Record<string, ImageDtype>> = {
  ...names('int8', 'signed char|int8|int8_t'),
  ...names('uint8', 'uchar|unsigned char|uint8|uint8_t'),
  ...names('int16', 'short|short int|signed short|signed short int|int16|int16_t'),
  ...names('uint16', 'ushort|unsigned short|unsigned short int|uint16|uint16_t'),
  ...names('int32', 'int|signed int|int32|int32_t'),
  ...names('uint32', 'uint|unsigned int|uint32|uint32_t'),
  ...names('int64', 'longlong|long long|long long int|signed long long|signed long long int|int64|int64_t'),
  ...names('uint64', 'ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t'),
  ...names('float32', 'float'),
  ...names('float64', 'double'),
};

const encodings: Readonly<Record<string, NrrdEncoding>> = {
  raw: 'raw',
  gz: 'gzip',
  gzip: 'gzip',
  txt: 'ascii',
  text: 'ascii',
  ascii: 'ascii',
  hex: 'hex',
};

function names(dtype: ImageDtype, list: string): Record<string, ImageDtype> {
  return Object.fromEntries(list.split('|').map((name) => [name, dtype]));
}

/** Interprets a NRRD header. */
export function nrrdLayout(where: string, { fields }: NrrdHeader): NrrdLayout {
  const need = (name: string): string => {
    const value = fields[name];
    if (value === undefined) throw corrupt(where, `the header has no field "${name}"`);
    return value;
  };
  const dimension = wholeNumber(where, 'dimension', need('dimension'));
  if (dimension < 1 || dimension > 7) throw unsupported(where, 'NRRD files of 1 to 7 axes are read', dimension);
  const storedShape = need('sizes')
    .split(/\s+/)
    .map((size) => wholeNumber(where, 'sizes', size));
  if (storedShape.length !== dimension) throw corrupt(where, 'sizes and dimension disagree', storedShape);
  const storedType = types[need('type').toLowerCase()];
  if (storedType === undefined) throw unsupported(where, 'the voxel type is not supported', fields.type);
  const encoding = encodings[need('encoding').toLowerCase()];
  if (encoding === undefined) throw unsupported(where, 'the encoding is not supported', fields.encoding);

  const warnings: string[] = [];
  const axes = axesOf(where, fields, storedShape, warnings);
  const interleaved = interleavedType(axes[0]!, storedShape[0]!, storedType);
  const channelsFirst =
    interleaved === undefined && dimension > 1 && !axes[0]!.spatial && axes.slice(1).some((a) => a.spatial);
  const drop = interleaved !== undefined || channelsFirst;
  const order = drop ? axes.slice(1) : axes;
  const sizes = drop ? storedShape.slice(1) : storedShape;
  const spatial = order.findIndex((axis) => !axis.spatial);
  if (order.slice(spatial < 0 ? order.length : spatial).some((axis) => axis.spatial)) {
    throw unsupported(where, 'the spatial axes are not next to each other', fields.kinds);
  }
  const inSpace = order.filter((axis) => axis.spatial).slice(0, 3);
  return {
    storedShape,
    storedType,
    shape: channelsFirst ? [...sizes, storedShape[0]!] : sizes,
    dtype: interleaved ?? storedType,
    channelsFirst,
    byteOrder: endianness(
      where,
      fields.endian,
      encoding !== 'ascii' && imageDtypes[storedType].array.BYTES_PER_ELEMENT > 1,
    ),
    encoding,
    affine: affineOf(where, fields, inSpace, unitsOf(fields['space units'], [])),
    zooms: [...order.map((axis) => Math.abs(axis.spacing)), ...(channelsFirst ? [1] : [])],
    lineSkip: wholeNumber(where, 'line skip', fields.lineskip ?? '0'),
    byteSkip: wholeNumber(where, 'byte skip', fields.byteskip ?? '0'),
    warnings,
  };
}

interface Axis {
  readonly kind: string;
  readonly spatial: boolean;
  readonly direction: readonly number[] | undefined;
  /** Negative where the axis runs backwards. */
  readonly spacing: number;
  /** World position of the first voxel's centre, where there are no directions. */
  readonly start: number;
}

/** What the header says of each axis; those with a direction are spatial, else those whose kind may be. */
function axesOf(where: string, fields: NrrdHeader['fields'], sizes: readonly number[], warnings: string[]): Axis[] {
  const dimension = sizes.length;
  const kinds = fields.kinds?.split(/\s+/) ?? [];
  const numbers = (text: string | undefined) => text?.split(/\s+/).map(Number) ?? [];
  const [spacings, mins, maxs] = [numbers(fields.spacings), numbers(fields.axismins), numbers(fields.axismaxs)];
  const centers = fields.centers?.split(/\s+/) ?? [];
  const units = unitsOf(fields.units, warnings);
  const spaceUnits = unitsOf(fields['space units'], warnings);
  if (fields['space directions'] !== undefined && !hasSpace(where, fields)) {
    throw corrupt(where, 'there are space directions, but no space', fields['space directions']);
  }
  const directions = fields['space directions']?.match(/\([^)]*\)|none/gi)?.map((text) => vector(where, text));
  if (directions !== undefined && directions.length !== dimension) {
    throw corrupt(where, 'space directions and dimension disagree', fields['space directions']);
  }
  return Array.from({ length: dimension }, (_, i) => {
    const kind = (kinds[i] ?? 'domain').toLowerCase();
    const direction = directions?.[i];
    // In spaces of more than three dimensions (time) only the first three axes lie in the scanner's space.
    const further =
      direction !== undefined && direction.length > 3 && directions!.slice(0, i).filter(Boolean).length > 2;
    const spatial = further
      ? false
      : directions === undefined
        ? ['domain', 'space', '???'].includes(kind)
        : direction !== undefined;
    if (direction !== undefined) {
      const inMm = direction.map((step, world) => toMillimetres(step, spaceUnits[world] ?? 1));
      return { kind, spatial, direction: inMm, spacing: Math.hypot(...inMm), start: 0 };
    }
    // The limits of an axis are those of its cells, or the centres of its first and last voxel ("node").
    const node = centers[i]?.toLowerCase() === 'node';
    const [min, max] = [mins[i] ?? NaN, maxs[i] ?? NaN];
    const ofLimits = (max - min) / (sizes[i]! - (node ? 1 : 0));
    const spacing = [spacings[i], ofLimits].find(Number.isFinite) ?? 1;
    const start = Number.isFinite(min) ? min + (node ? 0 : spacing / 2) : 0;
    const mm = spatial ? (units[i] ?? 1) : 1;
    return { kind, spatial, direction, spacing: toMillimetres(spacing, mm), start: toMillimetres(start, mm) };
  });
}

function interleavedType({ kind, spatial }: Axis, size: number, type: ImageDtype): ImageDtype | undefined {
  if (spatial) return undefined;
  if (type === 'uint8' && size === 3 && ['rgb-color', '3-color'].includes(kind)) return 'rgb24';
  if (type === 'uint8' && size === 4 && ['rgba-color', '4-color'].includes(kind)) return 'rgba32';
  if (kind !== 'complex' || size !== 2) return undefined;
  return type === 'float32' ? 'complex64' : type === 'float64' ? 'complex128' : undefined;
}

/** Names of spaces, by what turns their coordinates to RAS+; what lies in no space counts as LPS, as in ITK. */
const spaces: Readonly<Record<string, 'ras' | 'las' | 'lps'>> = {
  ras: 'ras',
  'right-anterior-superior': 'ras',
  las: 'las',
  'left-anterior-superior': 'las',
  lps: 'lps',
  'left-posterior-superior': 'lps',
  'scanner-xyz': 'lps',
  '3d-right-handed': 'lps',
  '3d-left-handed': 'lps',
};

/** Whether the header names a space or at least its dimension. */
function hasSpace(where: string, fields: NrrdHeader['fields']): boolean {
  return fields['space dimension'] !== undefined || spaceOf(where, fields) !== undefined;
}

function spaceOf(where: string, fields: NrrdHeader['fields']): 'ras' | 'las' | 'lps' | undefined {
  if (fields.space === undefined) return undefined;
  const name = fields.space.toLowerCase().replace(/-time$/, '');
  const space = spaces[name] ?? spaces[name.replace(/t$/, '')];
  if (space === undefined) throw unsupported(where, 'the space is not known', fields.space);
  return space;
}

/** Voxel to RAS+ mm. */
function affineOf(
  where: string,
  fields: NrrdHeader['fields'],
  axes: readonly Axis[],
  spaceUnits: readonly number[],
): Affine {
  const vectors = axes.map(({ direction, spacing }, i) => direction ?? [0, 1, 2].map((j) => (i === j ? spacing : 0)));
  const originText = fields['space origin'] ?? 'none';
  const starts = axes.map(({ start }) => start);
  const origin = /^none$/i.test(originText)
    ? [...starts, 0, 0, 0].slice(0, 3)
    : vector(where, originText)?.map((place, world) => toMillimetres(place, spaceUnits[world] ?? 1));
  if (origin === undefined) throw corrupt(where, 'the space origin is no vector', originText);
  const affine = affineFromAxes(vectors, origin);
  if (!affine.every(Number.isFinite)) throw corrupt(where, 'the directions or the origin are not finite', affine);
  const space = spaceOf(where, fields);
  if (space === 'ras') return affine;
  return space === 'las' ? affine.map((v, i) => (i < 4 && v !== 0 ? -v : v)) : swapRasLps(affine);
}

/**
 * Millimetres in the units of a list such as `"mm" "mm" "um"`, 1 where none is given; one that is no unit of length (time)
 * changes nothing, and is named where it stands for something else.
 */
function unitsOf(text: string | undefined, warnings: string[]): number[] {
  return [...(text ?? '').matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => {
    const name = quoted ?? bare!;
    const known = millimetresIn(name);
    if (known === undefined && !NO_LENGTHS.test(name)) warnings.push(`the unit "${name}" is not known; taken as mm`);
    return known ?? 1;
  });
}

/** What stands in place of a unit of length for axes of channels and time. */
const NO_LENGTHS = /^(|\?\?\?|none|pixels?|voxels?|[mun]?s|sec|seconds?|hz)$/i;

function vector(where: string, text: string): number[] | undefined {
  if (/^none$/i.test(text)) return undefined;
  const numbers = text.replace(/[()]/g, '').split(',').map(Number);
  // "nan" marks axes outside space in files of NRRD version 4.
  if (numbers.every(Number.isNaN)) return undefined;
  if (numbers.length < 1 || numbers.length > 8 || !numbers.every(Number.isFinite)) {
    throw corrupt(where, 'a direction or origin is no vector of finite numbers', text);
  }
  return numbers;
}

function endianness(where: string, text: string | undefined, needed: boolean): ByteOrder {
  const value = text?.toLowerCase() ?? (needed ? 'missing' : 'little');
  if (value !== 'little' && value !== 'big') throw corrupt(where, 'endian is neither little nor big', value);
  return value;
}

function wholeNumber(where: string, name: string, text: string): number {
  if (!/^-?\d{1,16}$/.test(text)) throw corrupt(where, `the field "${name}" is no whole number`, text);
  return Number(text);
}

function corrupt(where: string, problem: string, got?: unknown): SegError {
  return new SegError('corrupt-data', { where, problem, ...(got === undefined ? {} : { got }) });
}

function unsupported(where: string, problem: string, got: unknown): SegError {
  return new SegError('unsupported', { where, problem, got, hint: 'Convert the file with another tool.' });
}
