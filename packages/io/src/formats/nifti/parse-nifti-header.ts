import { SegError } from '@seg/core';
import { NIFTI1, NIFTI2 } from 'nifti-reader-js';
import type { ByteOrder } from '../medical-image.ts';
import type { NiftiKind } from './detect-nifti.ts';
import { niftiByteOrder, repairNiftiHeader } from './nifti-checks.ts';
import { type NiftiHeader, niftiHeaderBytes } from './nifti-header.ts';
import { headerInMillimetres } from './nifti-units.ts';

export interface ParsedHeader {
  readonly header: NiftiHeader;
  readonly warnings: readonly string[];
}

/**
 * The checked header at the beginning of uncompressed bytes of a known kind.
 *
 * `separateVoxels` says whether the voxels lie in a file of their own; by default the magic decides.
 *
 * The fields are read by nifti-reader-js from a copy of the header alone, with the size field put right for the byte
 * order that the dimensions show. That keeps away from its faults: it guesses the byte order from the size field,
 * follows extension sizes from the file without bounds, joins text across NULs, leaves out the sform where there is a
 * qform of a higher code, and reads 64-bit integers wrongly (big-endian and negative ones); the last three are read here.
 */
export function parseNiftiHeader(
  where: string,
  bytes: Uint8Array,
  kind: NiftiKind,
  separateVoxels?: boolean,
): ParsedHeader {
  const version = kind === 'nifti2' ? 2 : 1;
  const length = niftiHeaderBytes(version);
  if (bytes.length < length) {
    throw new SegError('corrupt-data', {
      where,
      problem: 'the file ends inside its header',
      got: `${bytes.length} bytes`,
      expected: `at least ${length}`,
    });
  }
  const raw = new Uint8Array(length);
  raw.set(bytes.subarray(0, length));
  const byteOrder = niftiByteOrder(raw, version);
  const fields = readFields(raw, version, byteOrder);
  const separate = separateVoxels ?? fields.magic.startsWith('ni');
  const form = kind === 'analyze' ? 'analyze' : separate ? 'pair' : 'single';
  return repairNiftiHeader(where, headerInMillimetres({ ...fields, form }), raw);
}

function readFields(raw: Uint8Array, version: 1 | 2, byteOrder: ByteOrder): Omit<NiftiHeader, 'form'> {
  const little = byteOrder === 'little';
  const copy = raw.slice();
  new DataView(copy.buffer).setInt32(0, copy.length, little);
  const reader = version === 1 ? new NIFTI1() : new NIFTI2();
  reader.readHeader(copy.buffer);

  const view = new DataView(raw.buffer);
  const int64 = (at: number) => Number(view.getBigInt64(at, little));
  const text = (at: number, size: number) => latin1(raw.subarray(at, at + size));
  const two = version === 2;
  return {
    version,
    byteOrder,
    magic: two ? text(4, 4) : text(344, 4),
    dim: two ? eight((i) => int64(16 + 8 * i)) : reader.dims,
    datatype: reader.datatypeCode,
    bitpix: reader.numBitsPerVoxel,
    pixdim: reader.pixDims,
    voxOffset: two ? int64(168) : reader.vox_offset,
    sclSlope: reader.scl_slope,
    sclInter: reader.scl_inter,
    calMax: reader.cal_max,
    calMin: reader.cal_min,
    sliceDuration: reader.slice_duration,
    toffset: reader.toffset,
    sliceStart: two ? int64(224) : reader.slice_start,
    sliceEnd: two ? int64(232) : reader.slice_end,
    sliceCode: reader.slice_code,
    dimInfo: reader.dim_info,
    intentCode: reader.intent_code,
    intentP1: reader.intent_p1,
    intentP2: reader.intent_p2,
    intentP3: reader.intent_p3,
    intentName: two ? text(508, 16) : text(328, 16),
    xyztUnits: reader.xyzt_units,
    descrip: two ? text(240, 80) : text(148, 80),
    auxFile: two ? text(320, 24) : text(228, 24),
    qformCode: reader.qform_code,
    sformCode: reader.sform_code,
    quaternB: reader.quatern_b,
    quaternC: reader.quatern_c,
    quaternD: reader.quatern_d,
    qoffsetX: reader.qoffset_x,
    qoffsetY: reader.qoffset_y,
    qoffsetZ: reader.qoffset_z,
    srow: Array.from({ length: 12 }, (_, i) =>
      two ? view.getFloat64(400 + 8 * i, little) : view.getFloat32(280 + 4 * i, little),
    ),
    dataType: two ? '' : text(4, 10),
    dbName: two ? '' : text(14, 18),
    extents: two ? 0 : view.getInt32(32, little),
    sessionError: two ? 0 : view.getInt16(36, little),
    regular: two ? '' : text(38, 1),
    glmax: two ? 0 : view.getInt32(140, little),
    glmin: two ? 0 : view.getInt32(144, little),
    origin: two ? [0, 0, 0] : [view.getInt16(253, little), view.getInt16(255, little), view.getInt16(257, little)],
  };
}

function eight(value: (i: number) => number): number[] {
  return Array.from({ length: 8 }, (_, i) => value(i));
}

function latin1(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end)));
}
