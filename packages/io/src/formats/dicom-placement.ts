import { SegError, type Triple } from '@seg/core';

/** What a DICOM file says about the place of its slice, in LPS mm. */
export interface DicomPlacement {
  readonly series: string;
  readonly frames: number;
  readonly position?: Triple;
  /** Direction of a row, then of a column. */
  readonly orientation?: readonly number[];
}

/** Thrown where more bytes of the file are needed. */
export class MoreBytesNeeded extends Error {}

const [SERIES, POSITION, ORIENTATION, FRAMES] = [0x0020000e, 0x00200032, 0x00200037, 0x00280008];
const wanted = new Set([SERIES, POSITION, ORIENTATION, FRAMES]);
const [ITEM, ITEM_END, SEQUENCE_END] = [0xfffee000, 0xfffee00d, 0xfffee0dd];
const undefinedLength = 0xffffffff;
const deepest = 32;

/**
 * The placement from the beginning of a DICOM file; elements are in the order of their tags, so that no voxels are looked at.
 *
 * @throws MoreBytesNeeded, SegError `corrupt-data` for what is no DICOM file, `unsupported` for deflated ones.
 */
export function parseDicomPlacement(where: string, bytes: Uint8Array): DicomPlacement {
  if (bytes.length < 132) throw new MoreBytesNeeded();
  if (new TextDecoder('latin1').decode(bytes.subarray(128, 132)) !== 'DICM') {
    throw new SegError('corrupt-data', {
      where,
      problem: 'this is no DICOM file (byte 128 has no "DICM")',
      hint: 'Pass the files of one series only, and no others.',
    });
  }
  const meta = new Elements(where, bytes, 132, true, true);
  const syntax = meta.texts((tag) => tag >>> 16 === 2, new Set([0x00020010])).get(0x00020010) ?? '';
  if (syntax === '1.2.840.10008.1.2.1.99') {
    throw new SegError('unsupported', { where, problem: 'the DICOM file is deflated', hint: 'Inflate it (dcmconv).' });
  }
  const elements = new Elements(
    where,
    bytes,
    meta.at,
    syntax !== '1.2.840.10008.1.2',
    syntax !== '1.2.840.10008.1.2.2',
  );
  const texts = elements.texts((tag) => tag <= FRAMES, wanted);
  const numbers = (tag: number, count: number) => {
    const text = texts.get(tag) ?? '';
    if (text === '') return undefined;
    const values = text.split('\\').map(Number);
    if (values.length === count && values.every(Number.isFinite)) return values;
    throw new SegError('corrupt-data', { where, problem: 'a place in the DICOM file is damaged', got: text });
  };
  const position = numbers(POSITION, 3);
  const orientation = numbers(ORIENTATION, 6);
  return {
    series: texts.get(SERIES) ?? '',
    frames: numbers(FRAMES, 1)?.[0] ?? 1,
    ...(position === undefined ? {} : { position: position as unknown as Triple }),
    ...(orientation === undefined ? {} : { orientation }),
  };
}

/** Data elements one after the other. */
class Elements {
  at: number;
  readonly #where: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #explicit: boolean;
  readonly #little: boolean;

  constructor(where: string, bytes: Uint8Array, at: number, explicit: boolean, little: boolean) {
    this.#where = where;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.#explicit = explicit;
    this.#little = little;
  }

  /** Texts of elements, up to the first one whose tag is not `within`. */
  texts(within: (tag: number) => boolean, wantedTags: ReadonlySet<number>): Map<number, string> {
    const texts = new Map<number, string>();
    for (;;) {
      const tag = this.#tag(this.at);
      if (!within(tag)) return texts;
      const { start, length, unknown } = this.#header();
      if (length === undefinedLength) {
        this.at = start;
        this.#skipItems(unknown, 0);
        continue;
      }
      if (wantedTags.has(tag)) {
        this.#need(start, length);
        const text = new TextDecoder('latin1').decode(this.#bytes.subarray(start, start + length));
        texts.set(tag, text.replace(/[\0 ]+$/, '').trim());
      }
      this.at = start + length;
    }
  }

  #need(at: number, length: number): void {
    if (at + length > this.#bytes.length) throw new MoreBytesNeeded();
  }

  #tag(at: number): number {
    this.#need(at, 4);
    return this.#view.getUint16(at, this.#little) * 0x10000 + this.#view.getUint16(at + 2, this.#little);
  }

  /** Of the element at the present place; `unknown` where its items are encoded implicitly whatever the file is. */
  #header(explicit = this.#explicit): { start: number; length: number; unknown: boolean } {
    this.#need(this.at, 8);
    if (!explicit)
      return { start: this.at + 8, length: this.#view.getUint32(this.at + 4, this.#little), unknown: true };
    const type = String.fromCharCode(this.#bytes[this.at + 4]!, this.#bytes[this.at + 5]!);
    if (!/^[A-Z]{2}$/.test(type)) {
      throw new SegError('corrupt-data', { where: this.#where, problem: 'the DICOM file is damaged', got: type });
    }
    if (!/^(OB|OD|OF|OL|OV|OW|SQ|SV|UC|UN|UR|UT|UV)$/.test(type)) {
      return { start: this.at + 8, length: this.#view.getUint16(this.at + 6, this.#little), unknown: false };
    }
    this.#need(this.at, 12);
    return { start: this.at + 12, length: this.#view.getUint32(this.at + 8, this.#little), unknown: type === 'UN' };
  }

  /** Passes over the items of a sequence whose length is not given. */
  #skipItems(implicit: boolean, depth: number): void {
    if (depth > deepest) {
      throw new SegError('limit-exceeded', { where: this.#where, problem: 'the DICOM file nests too deep' });
    }
    for (;;) {
      const tag = this.#tag(this.at);
      this.#need(this.at, 8);
      const length = this.#view.getUint32(this.at + 4, this.#little);
      this.at += 8;
      if (tag === SEQUENCE_END) return;
      if (tag !== ITEM) {
        throw new SegError('corrupt-data', { where: this.#where, problem: 'a sequence of the DICOM file is damaged' });
      }
      if (length !== undefinedLength) {
        this.at += length;
        continue;
      }
      while (this.#tag(this.at) !== ITEM_END) {
        const element = this.#header(implicit ? false : this.#explicit);
        this.at = element.start;
        if (element.length === undefinedLength) this.#skipItems(implicit || element.unknown, depth + 1);
        else this.at += element.length;
      }
      this.#need(this.at, 8);
      this.at += 8;
    }
  }
}
