import { type NiftiHeader, niftiHeaderBytes } from './nifti-header.ts';

/** A header's bytes: its fields at the standard's places, zeros everywhere else. */
export function encodeNiftiHeader(header: NiftiHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(niftiHeaderBytes(header.version));
  const write = new FieldWriter(new DataView(bytes.buffer), header.byteOrder === 'little');
  write.int32(0, bytes.length);
  if (header.version === 1) writeVersion1(header, bytes, write);
  else writeVersion2(header, bytes, write);
  return bytes;
}

/** Writes runs of numbers of one type, one after the other. */
class FieldWriter {
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(view: DataView, little: boolean) {
    this.#view = view;
    this.#little = little;
  }

  int16(at: number, ...values: readonly number[]): void {
    for (let i = 0; i < values.length; i++) this.#view.setInt16(at + 2 * i, values[i]!, this.#little);
  }

  int32(at: number, ...values: readonly number[]): void {
    for (let i = 0; i < values.length; i++) this.#view.setInt32(at + 4 * i, values[i]!, this.#little);
  }

  int64(at: number, ...values: readonly number[]): void {
    for (let i = 0; i < values.length; i++) this.#view.setBigInt64(at + 8 * i, BigInt(values[i]!), this.#little);
  }

  float32(at: number, ...values: readonly number[]): void {
    for (let i = 0; i < values.length; i++) this.#view.setFloat32(at + 4 * i, values[i]!, this.#little);
  }

  float64(at: number, ...values: readonly number[]): void {
    for (let i = 0; i < values.length; i++) this.#view.setFloat64(at + 8 * i, values[i]!, this.#little);
  }
}

function writeVersion1(header: NiftiHeader, bytes: Uint8Array, write: FieldWriter): void {
  text(bytes, 4, 10, header.dataType);
  text(bytes, 14, 18, header.dbName);
  write.int32(32, header.extents);
  write.int16(36, header.sessionError);
  text(bytes, 38, 1, header.regular);
  bytes[39] = header.dimInfo;
  write.int16(40, ...header.dim);
  write.float32(56, header.intentP1, header.intentP2, header.intentP3);
  write.int16(68, header.intentCode, header.datatype, header.bitpix, header.sliceStart);
  write.float32(76, ...header.pixdim, header.voxOffset, header.sclSlope, header.sclInter);
  write.int16(120, header.sliceEnd);
  bytes[122] = header.sliceCode;
  bytes[123] = header.xyztUnits;
  write.float32(124, header.calMax, header.calMin, header.sliceDuration, header.toffset);
  write.int32(140, header.glmax, header.glmin);
  text(bytes, 148, 80, header.descrip);
  text(bytes, 228, 24, header.auxFile);
  write.int16(252, header.qformCode, header.sformCode);
  write.float32(256, header.quaternB, header.quaternC, header.quaternD);
  write.float32(268, header.qoffsetX, header.qoffsetY, header.qoffsetZ, ...header.srow);
  text(bytes, 328, 16, header.intentName);
  text(bytes, 344, 4, header.magic);
}

function writeVersion2(header: NiftiHeader, bytes: Uint8Array, write: FieldWriter): void {
  text(bytes, 4, 4, header.magic);
  bytes.set([13, 10, 26, 10], 8);
  write.int16(12, header.datatype, header.bitpix);
  write.int64(16, ...header.dim);
  write.float64(80, header.intentP1, header.intentP2, header.intentP3, ...header.pixdim);
  write.int64(168, header.voxOffset);
  write.float64(176, header.sclSlope, header.sclInter, header.calMax, header.calMin);
  write.float64(208, header.sliceDuration, header.toffset);
  write.int64(224, header.sliceStart, header.sliceEnd);
  text(bytes, 240, 80, header.descrip);
  text(bytes, 320, 24, header.auxFile);
  write.int32(344, header.qformCode, header.sformCode);
  write.float64(352, header.quaternB, header.quaternC, header.quaternD);
  write.float64(376, header.qoffsetX, header.qoffsetY, header.qoffsetZ, ...header.srow);
  write.int32(496, header.sliceCode, header.xyztUnits, header.intentCode);
  text(bytes, 508, 16, header.intentName);
  bytes[524] = header.dimInfo;
}

function text(bytes: Uint8Array, at: number, size: number, value: string): void {
  for (let i = 0; i < Math.min(size, value.length); i++) bytes[at + i] = value.charCodeAt(i);
}
