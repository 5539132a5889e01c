import type { RasterImage } from './raster.ts';

/** A direction of the patient: right, left, anterior, posterior, superior, inferior. */
export type Direction = 'R' | 'L' | 'A' | 'P' | 'S' | 'I';

/** Letters of 5 x 7 dots, rows from the top, the leftmost dot in the highest bit. */
const glyphs: Readonly<Record<Direction, readonly number[]>> = {
  R: [0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001],
  L: [0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111],
  A: [0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001],
  P: [0b11110, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000, 0b10000],
  S: [0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110],
  I: [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
};
const DOT = 2;

/** Size of a drawn letter, in pixels. */
export const glyphSize = { width: 5 * DOT, height: 7 * DOT } as const;

/** Draws a white letter with a black rim, which shows on any grey; (left, top) is its corner without the rim. */
export function drawGlyph(picture: RasterImage, direction: Direction, left: number, top: number): void {
  const dots = glyphs[direction].flatMap((bits, row) =>
    [0, 1, 2, 3, 4].filter((column) => (bits >> (4 - column)) & 1).map((column) => [row, column] as const),
  );
  for (const [rim, grey] of [
    [2, 0],
    [0, 255],
  ] as const) {
    for (const [row, column] of dots) {
      const [x, y] = [left + column * DOT - rim, top + row * DOT - rim];
      fillSquare(picture, x, y, DOT + 2 * rim, grey);
    }
  }
}

function fillSquare({ width, height, data }: RasterImage, left: number, top: number, size: number, grey: number): void {
  for (let y = Math.max(0, top); y < Math.min(height, top + size); y++) {
    for (let x = Math.max(0, left); x < Math.min(width, left + size); x++) {
      data.fill(grey, 4 * (y * width + x), 4 * (y * width + x) + 3);
    }
  }
}
