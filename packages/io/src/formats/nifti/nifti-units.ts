import { toMillimetres } from '../length-units.ts';
import { type NiftiHeader, niftiUnits } from './nifti-header.ts';

/** Millimetres in a header's unit of length; unknown counts as mm, as everywhere. */
const FACTORS: Readonly<Record<string, number>> = { meter: 1000, micron: 1e-3 };

/** Bits of `xyztUnits` that name the unit of length, and those bits for mm. */
const SPACE_BITS = 7;
const MM = 2;

/** The header with all lengths (voxel sizes, offsets, sform) in mm. Analyze headers have no units. */
export function headerInMillimetres(header: NiftiHeader): NiftiHeader {
  const factor = FACTORS[niftiUnits(header).space];
  if (factor === undefined || header.form === 'analyze') return header;
  // As precise as the header is, so that 0.0005 m are 0.5 mm.
  const round = header.version === 1 ? Math.fround : (length: number) => length;
  const mm = (length: number) => round(toMillimetres(length, factor));
  return {
    ...header,
    xyztUnits: (header.xyztUnits & ~SPACE_BITS) | MM,
    pixdim: header.pixdim.map((size, i) => (i >= 1 && i <= 3 ? mm(size) : size)),
    qoffsetX: mm(header.qoffsetX),
    qoffsetY: mm(header.qoffsetY),
    qoffsetZ: mm(header.qoffsetZ),
    srow: header.srow.map(mm),
  };
}
