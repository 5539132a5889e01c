/** The kinds of header that `parseNifti` understands. */
export type NiftiKind = 'nifti1' | 'nifti2' | 'analyze';

/**
 * Which header the bytes begin with, or undefined: NIfTI-1 by its magic, NIfTI-2 and Analyze 7.5 by the header size in
 * either byte order.
 */
export function detectNifti(bytes: Uint8Array): NiftiKind | undefined {
  if (bytes.length < 348) return undefined;
  const isMagic = (at: number, second: number, digit: number) =>
    bytes[at] === 0x6e && bytes[at + 1] === second && bytes[at + 2] === digit && bytes[at + 3] === 0;
  if (isMagic(344, 0x2b, 0x31) || isMagic(344, 0x69, 0x31)) return 'nifti1';
  const view = new DataView(bytes.buffer, bytes.byteOffset, 4);
  const sizes = [view.getInt32(0, true), view.getInt32(0, false)];
  if (sizes.includes(540)) return 'nifti2';
  if (sizes.includes(348)) return 'analyze';
  return undefined;
}
