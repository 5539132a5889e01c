import { SegError } from '@seg/core';

/** Formats that are known by their first bytes but read by other means, or not at all. */
const others: readonly [name: string, magic: readonly number[], hint: string][] = [
  ['a zip archive', [0x50, 0x4b, 3, 4], 'Read the bytes of a .npz file with parseNpz.'],
  ['an HDF5 file', [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a], 'Read it with readHdf5; a MINC 2 image: mnc2nii.'],
  ['a NetCDF file (MINC 1)', [0x43, 0x44, 0x46, 1], 'Convert it with mnc2nii.'],
  ['a bzip2 file', [0x42, 0x5a, 0x68], 'Unpack it, or pack it with gzip.'],
  ['a Zstandard file', [0x28, 0xb5, 0x2f, 0xfd], 'Unpack it, or pack it with gzip.'],
  ['an xz file', [0xfd, 0x37, 0x7a, 0x58], 'Unpack it, or pack it with gzip.'],
];

/**
 * Names the format of a file that no reader of images takes.
 *
 * @throws SegError `unsupported` for such a file; nothing happens for others.
 */
export function refuseOtherFormat(where: string, start: Uint8Array): void {
  const other = nameOther(start);
  if (other === undefined) return;
  throw new SegError('unsupported', { where, problem: `this is ${other.name}`, hint: other.hint });
}

function nameOther(start: Uint8Array): { readonly name: string; readonly hint: string } | undefined {
  for (const [name, magic, hint] of others) {
    if (magic.every((byte, i) => start[i] === byte)) return { name, hint };
  }
  if (String.fromCharCode(...start.subarray(128, 132)) === 'DICM') {
    return { name: 'a DICOM file', hint: 'Read its folder with readDicomSeries.' };
  }
  if (isMgh(start))
    return { name: 'a FreeSurfer image (.mgh, .mgz)', hint: 'Convert it with mri_convert in.mgz out.nii.gz.' };
  return undefined;
}

/** Big-endian version 1, four sizes, and one of the types 0 to 10: no NIfTI or Analyze header begins so. */
function isMgh(start: Uint8Array): boolean {
  if (start.length < 24) return false;
  const view = new DataView(start.buffer, start.byteOffset, 24);
  const [version, ...sizes] = [0, 4, 8, 12, 16].map((at) => view.getInt32(at, false));
  const type = view.getInt32(20, false);
  return version === 1 && sizes.every((size) => size > 0) && type >= 0 && type <= 10;
}
