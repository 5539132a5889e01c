import { type NiftiHeader, niftiHeaderBytes } from './nifti-header.ts';

/** A header's bytes: its fields at the standard's places, zeros everywhere else. */
export function encodeNiftiHeader(header: NiftiHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(niftiHeaderBytes(header.version));
  const view = new DataView(bytes.buffer);
  view.setInt32(0, bytes.length, header.byteOrder === 'little');
  if (header.version === 1) writeVersion1(header, bytes, view);
  else writeVersion2(header, bytes, view);
  return bytes;
}

function writeVersion1(header: NiftiHeader, bytes: Uint8Array, view: DataView): void {
  const little = header.byteOrder === 'little';
  const int16 = (at: number, ...values: readonly number[]) =>
    values.forEach((value, i) => view.setInt16(at + 2 * i, value, little));
  const int32 = (at: number, ...values: readonly number[]) =>
    values.forEach((value, i) => view.setInt32(at + 4 * i, value, little));
  const float32 = (at: number, ...values: readonly number[]) =>
    values.forEach((value, i) => view.setFloat32(at + 4 * i, value, little));
  text(bytes, 4, 10, header.dataType);
  text(bytes, 14, 18, header.dbName);
  int32(32, header.extents);
  int16(36, header.sessionError);
  text(bytes, 38, 1, header.regular);
  bytes[39] = header.dimInfo;
  int16(40, ...header.dim);
  float32(56, header.intentP1, header.intentP2, header.intentP3);
  int16(68, header.intentCode, header.datatype, header.bitpix, header.sliceStart);
  float32(76, ...header.pixdim, header.voxOffset, header.sclSlope, header.sclInter);
  int16(120, header.sliceEnd);
  bytes[122] = header.sliceCode;
  bytes[123] = header.xyztUnits;
  float32(124, header.calMax, header.calMin, header.sliceDuration, header.toffset);
  int32(140, header.glmax, header.glmin);
  text(bytes, 148, 80, header.descrip);
  text(bytes, 228, 24, header.auxFile);
  int16(252, header.qformCode, header.sformCode);
  float32(256, header.quaternB, header.quaternC, header.quaternD);
  float32(268, header.qoffsetX, header.qoffsetY, header.qoffsetZ, ...header.srow);
  text(bytes, 328, 16, header.intentName);
  text(bytes, 344, 4, header.magic);
}

function writeVersion2(header: NiftiHeader, bytes: Uint8Array, view: DataView): void {
  const little = header.byteOrder === 'little';
  const int32 = (at: number, ...values: readonly number[]) =>
    values.forEach((value, i) => view.setInt32(at + 4 * i, value, little));
  const int64 = (at: number, ...values: readonly number[]) =>
    values.forEach((value, i) => view.setBigInt64(at + 8 * i, BigInt(value), little));
  const float64 = (at: number, ...values: readonly number[]) =>
    values.forEach((value, i) => view.setFloat64(at + 8 * i, value, little));
  text(bytes, 4, 4, header.magic);
  bytes.set([13, 10, 26, 10], 8);
  view.setInt16(12, header.datatype, little);
  view.setInt16(14, header.bitpix, little);
  int64(16, ...header.dim);
  float64(80, header.intentP1, header.intentP2, header.intentP3, ...header.pixdim);
  int64(168, header.voxOffset);
  float64(176, header.sclSlope, header.sclInter, header.calMax, header.calMin, header.sliceDuration, header.toffset);
  int64(224, header.sliceStart, header.sliceEnd);
  text(bytes, 240, 80, header.descrip);
  text(bytes, 320, 24, header.auxFile);
  int32(344, header.qformCode, header.sformCode);
  float64(352, header.quaternB, header.quaternC, header.quaternD);
  float64(376, header.qoffsetX, header.qoffsetY, header.qoffsetZ, ...header.srow);
  int32(496, header.sliceCode, header.xyztUnits, header.intentCode);
  text(bytes, 508, 16, header.intentName);
  bytes[524] = header.dimInfo;
}

function text(bytes: Uint8Array, at: number, size: number, value: string): void {
  for (let i = 0; i < Math.min(size, value.length); i++) bytes[at + i] = value.charCodeAt(i);
}
