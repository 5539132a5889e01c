import { SegError } from '@seg/core';
import { type ByteOrder, imageDtypes } from '../medical-image.ts';
import { dtypeOfNiftiCode } from './nifti-datatypes.ts';
import { type NiftiHeader, niftiHeaderBytes } from './nifti-header.ts';

/**
 * Byte order of a header by nibabel's rule: the number of dimensions is 1 to 7 in the right order; where it is 0, the
 * size field decides.
 */
export function niftiByteOrder(raw: Uint8Array, version: 1 | 2): ByteOrder {
  const view = new DataView(raw.buffer, raw.byteOffset);
  const dimensions = version === 1 ? view.getInt16(40, true) : Number(view.getBigInt64(16, true));
  if (dimensions === 0) return view.getInt32(0, false) === niftiHeaderBytes(version) ? 'big' : 'little';
  return dimensions >= 1 && dimensions <= 7 ? 'little' : 'big';
}

/**
 * Checks a header as nibabel does at its default level: what it repairs is repaired here (and named in `warnings`), what
 * it refuses is refused, and so are sizes that leave no voxels and offsets that cannot be meant.
 */
export function repairNiftiHeader(
  where: string,
  header: NiftiHeader,
  raw: Uint8Array,
): { readonly header: NiftiHeader; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const refuse = (problem: string, got: unknown, expected?: unknown): never => {
    throw new SegError('corrupt-data', { where, problem, got, ...(expected === undefined ? {} : { expected }) });
  };
  const { version, form } = header;
  const length = niftiHeaderBytes(version);
  const little = header.byteOrder === 'little';
  if (new DataView(raw.buffer).getInt32(0, little) !== length) warnings.push(`sizeof_hdr was not ${length}`);
  if (form !== 'analyze' && header.magic !== `ni${version}` && header.magic !== `n+${version}`) {
    refuse('the magic string is wrong', JSON.stringify(header.magic), `"n+${version}" or "ni${version}"`);
  }
  if (version === 2) checkLineEnds(raw, refuse, warnings);

  const dimensions = header.dim[0]!;
  if (dimensions < 1 || dimensions > 7) refuse('the number of dimensions is not 1 to 7', dimensions);
  const bits = imageDtypes[dtypeOfNiftiCode(where, header.datatype)].bytes * 8;
  if (form === 'analyze' && ![2, 4, 8, 16, 32, 64, 128].includes(header.datatype)) {
    refuse('Analyze 7.5 has no such data type', header.datatype);
  }
  if (header.bitpix !== bits) warnings.push(`bitpix was ${header.bitpix}, not the data type's ${bits}`);

  const pixdim = [...header.pixdim];
  for (let axis = 1; axis <= 3; axis++) {
    const size = pixdim[axis]!;
    if (size > 0 && size < Infinity) continue;
    // A sform says the spacing that is missing; without one NaN and infinity are refused where the affine is made.
    const known = form === 'analyze' || header.sformCode === 0 ? 0 : sformSpacing(header, axis);
    pixdim[axis] = size < 0 && size > -Infinity ? -size : known > 0 ? known : size === 0 ? 1 : size;
    if (axis <= dimensions) {
      warnings.push(`pixdim[${axis}] was ${size}; taken as ${pixdim[axis]}`);
    }
  }
  if (form === 'analyze') {
    if (!Number.isFinite(header.voxOffset) || header.voxOffset < 0) refuse('vox_offset is no offset', header.voxOffset);
    return { header: { ...header, bitpix: bits, pixdim, qformCode: 0, sformCode: 0 }, warnings };
  }

  if (pixdim[0] !== 1 && pixdim[0] !== -1) {
    // The standard's own reading of 0; without a qform it says nothing.
    if (pixdim[0] !== 0 && header.qformCode > 0) warnings.push(`pixdim[0] (qfac) was ${pixdim[0]}; taken as 1`);
    pixdim[0] = 1;
  }
  const code = (name: string, value: number) => {
    if (value >= 0 && value <= 5) return value;
    warnings.push(`${name} was ${value}; taken as 0`);
    return 0;
  };
  return {
    header: {
      ...header,
      bitpix: bits,
      pixdim,
      voxOffset: checkOffset(header, length + 4, refuse),
      qformCode: code('qform_code', header.qformCode),
      sformCode: code('sform_code', header.sformCode),
    },
    warnings,
  };
}

/** Length of the sform's axis (from 1), NaN where it is not finite. */
function sformSpacing({ srow }: NiftiHeader, axis: number): number {
  const length = Math.hypot(srow[axis - 1]!, srow[axis + 3]!, srow[axis + 7]!);
  return length < Infinity ? length : Number.NaN;
}

type Refuse = (problem: string, got: unknown, expected?: unknown) => never;

/** Line ends in the magic of NIfTI-2 show a transfer as text, as in PNG. */
function checkLineEnds(raw: Uint8Array, refuse: Refuse, warnings: string[]): void {
  const bytes = [...raw.subarray(8, 12)];
  if (bytes.every((b) => b === 0)) warnings.push('the end-of-line check was empty');
  else if (String(bytes) !== '13,10,26,10') {
    refuse('the end-of-line check is damaged: the file was transferred as text', bytes, [13, 10, 26, 10]);
  }
}

/**
 * Where the voxels begin: a whole number, after the header if they share its file, where 0 means right after it (as the
 * reference library reads it; nibabel would take the header's own bytes for voxels).
 */
function checkOffset({ form, magic, voxOffset }: NiftiHeader, least: number, refuse: Refuse): number {
  const offset = Math.trunc(voxOffset);
  if (!Number.isSafeInteger(offset) || offset < 0) refuse('vox_offset is no offset', voxOffset);
  if (offset < least && voxOffset !== 0 && (form === 'single' || magic.startsWith('n+'))) {
    refuse('vox_offset lies inside the header', voxOffset, `0 or at least ${least}`);
  }
  return form === 'single' ? Math.max(offset, least) : offset;
}
