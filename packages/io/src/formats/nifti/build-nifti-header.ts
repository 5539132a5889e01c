import { type Affine, SegError, type Volume } from '@seg/core';
import { type ImageDtype, imageDtypes, type MedicalImage } from '../medical-image.ts';
import { affineToForms } from './affine-to-forms.ts';
import type { EncodeNiftiOptions } from './encode-nifti.ts';
import { niftiCodeOfDtype } from './nifti-datatypes.ts';
import type { NiftiHeader } from './nifti-header.ts';
import type { NiftiImage } from './parse-nifti.ts';

/** Largest difference in mm of affines that are taken for the same grid. */
const sameGridMm = 1e-4;

/** Coordinates of a scanner: the code of forms that are written anew. */
const scannerCode = 1;

/** mm and seconds. */
const defaultUnits = 2 + 8;

/** The header under which a volume or an image is written; magic, form and offset are set by the caller. */
export function buildNiftiHeader(
  where: string,
  source: Volume | MedicalImage,
  dtype: ImageDtype,
  options: EncodeNiftiOptions,
): NiftiHeader {
  const { slope = 1, intercept = 0, description, like } = options;
  if (!Number.isFinite(slope) || slope === 0 || !Number.isFinite(intercept)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'slope must be finite and not 0, intercept finite',
      got: [slope, intercept],
    });
  }
  const isImage = 'format' in source;
  const shape = isImage ? source.shape : volumeShape(source);
  const long = shape.some((size) => size > 32767);
  const own = [source, like].find((image) => image !== undefined && isNifti(image)) as NiftiImage | undefined;
  const version = options.version ?? own?.header.version ?? (long ? 2 : 1);
  if (version === 1 && long && !(isNifti(source) && source.header.version === 1)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'an axis is too long for NIfTI-1',
      got: shape,
      hint: 'Write version 2.',
    });
  }
  const type = { datatype: niftiCodeOfDtype(dtype), bitpix: imageDtypes[dtype].bytes * 8 };
  const text = description === undefined ? {} : { descrip: checkDescription(where, description) };
  if (isNifti(source)) {
    const freesurfer = version === 2 && source.header.version === 1 ? { dim: padded(shape, 1, shape.length) } : {};
    return {
      ...source.header,
      version,
      ...type,
      ...text,
      ...freesurfer,
      byteOrder: options.byteOrder ?? source.byteOrder,
    };
  }

  const model = like !== undefined && isNifti(like) ? like.header : undefined;
  const keepForms = model !== undefined && sameGrid(source, shape, like!);
  const zooms = isImage ? source.zooms.slice(3) : like === undefined ? [] : like.zooms.slice(3, shape.length);
  return {
    ...emptyHeader,
    ...(model === undefined ? {} : { xyztUnits: model.xyztUnits, toffset: model.toffset }),
    version,
    byteOrder: options.byteOrder ?? 'little',
    dim: padded(shape, 1, shape.length),
    ...type,
    ...text,
    ...forms(where, source.affine, zooms, keepForms ? model : undefined),
    sclSlope: isImage ? (source.slope ?? 1) : slope,
    sclInter: isImage ? (source.intercept ?? 0) : intercept,
  };
}

type FormFields = Pick<NiftiHeader, 'pixdim'> & Partial<NiftiHeader>;

function forms(
  where: string,
  affine: Affine,
  moreZooms: readonly number[],
  model: NiftiHeader | undefined,
): FormFields {
  if (model !== undefined) {
    const { qformCode, sformCode, quaternB, quaternC, quaternD, qoffsetX, qoffsetY, qoffsetZ, srow } = model;
    const pixdim = padded([...model.pixdim.slice(1, 4), ...moreZooms], 1, model.pixdim[0]!);
    return { pixdim, qformCode, sformCode, quaternB, quaternC, quaternD, qoffsetX, qoffsetY, qoffsetZ, srow };
  }
  const { qfac, zooms, ...fields } = affineToForms(where, affine, scannerCode);
  return { pixdim: padded([...zooms, ...moreZooms], 1, qfac), ...fields };
}

/** Whether the forms of `like` say the affine of `source`: where both codes are 0 the origin depends on the size. */
function sameGrid(source: Volume | MedicalImage, shape: readonly number[], like: NiftiImage | MedicalImage): boolean {
  const close = source.affine.every((value, i) => Math.abs(value - like.affine[i]!) <= sameGridMm);
  if (!close || !isNifti(like) || like.header.form === 'analyze') return false;
  const coded = like.header.qformCode !== 0 || like.header.sformCode !== 0;
  return coded || [0, 1, 2].every((axis) => (like.shape[axis] ?? 1) === shape[axis]);
}

function volumeShape({ shape: [z, y, x], channels }: Volume): number[] {
  return channels === 1 ? [x, y, z] : [x, y, z, channels];
}

function isNifti(source: Volume | MedicalImage): source is NiftiImage {
  return 'format' in source && (source.format === 'nifti1' || source.format === 'nifti2');
}

/** `first`, then the values, then `fill` up to 8 numbers. */
function padded(values: readonly number[], fill: number, first: number): number[] {
  return [first, ...values, ...new Array<number>(7).fill(fill)].slice(0, 8);
}

function checkDescription(where: string, text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the header holds Latin-1 text up to a NUL
  if (text.length > 79 || /[^\x01-\xff]/.test(text)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'the description must be at most 79 Latin-1 characters',
      got: text,
    });
  }
  return text;
}

const emptyHeader: NiftiHeader = {
  version: 1,
  form: 'single',
  byteOrder: 'little',
  magic: '',
  dim: [],
  datatype: 0,
  bitpix: 0,
  pixdim: [],
  voxOffset: 0,
  sclSlope: 1,
  sclInter: 0,
  calMax: 0,
  calMin: 0,
  sliceDuration: 0,
  toffset: 0,
  sliceStart: 0,
  sliceEnd: 0,
  sliceCode: 0,
  dimInfo: 0,
  intentCode: 0,
  intentP1: 0,
  intentP2: 0,
  intentP3: 0,
  intentName: '',
  xyztUnits: defaultUnits,
  descrip: '',
  auxFile: '',
  qformCode: 0,
  sformCode: 0,
  quaternB: 0,
  quaternC: 0,
  quaternD: 0,
  qoffsetX: 0,
  qoffsetY: 0,
  qoffsetZ: 0,
  srow: new Array<number>(12).fill(0),
  dataType: '',
  dbName: '',
  extents: 0,
  sessionError: 0,
  regular: 'r',
  glmax: 0,
  glmin: 0,
  origin: [0, 0, 0],
};
