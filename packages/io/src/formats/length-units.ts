/** Millimetres in a unit of length by the names and signs that headers give, undefined for one that is not known. */
export function millimetresIn(unit: string): number | undefined {
  return MILLIMETRES[unit.trim().replace(MICRO, 'u').toLowerCase()];
}

/** The two signs for micro, and UTF-8's bytes of them read as Latin-1, as header texts are. */
const MICRO = /\u00c2?\u00b5|\u03bc|\u00ce\u00bc/;

const MILLIMETRES: Readonly<Record<string, number>> = {
  ...spelled(1000, 'm meter meters metre metres'),
  ...spelled(10, 'cm centimeter centimeters centimetre centimetres'),
  ...spelled(1, 'mm millimeter millimeters millimetre millimetres'),
  ...spelled(1e-3, 'um micron microns micrometer micrometers micrometre micrometres'),
  ...spelled(1e-6, 'nm nanometer nanometers nanometre nanometres'),
  ...spelled(25.4, 'in inch inches'),
};

function spelled(millimetres: number, names: string): Record<string, number> {
  return Object.fromEntries(names.split(' ').map((name) => [name, millimetres]));
}

/** A length in mm; divided for small units, which leaves 700 um at 0.7 and not at 0.7000000000000001. */
export function toMillimetres(length: number, millimetres: number): number {
  return millimetres < 1 ? length / Math.round(1 / millimetres) : length * millimetres;
}
