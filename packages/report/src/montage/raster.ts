import { encode } from 'fast-png';
import type { Colour } from '../colour/label-colours.ts';

/** An RGBA picture, 8 bits a channel, rows from the top. */
export interface RasterImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** An opaque picture of one colour. */
export function blankImage(width: number, height: number, [r, g, b]: Colour = [0, 0, 0]): RasterImage {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < data.length; i += 4) data.set([r, g, b, 255], i);
  return { width, height, data };
}

/** Copies a picture into another at (left, top); what falls outside is cut off. */
export function pasteImage(target: RasterImage, source: RasterImage, left: number, top: number): void {
  for (let y = Math.max(0, -top); y < source.height && y + top < target.height; y++) {
    const from = Math.max(0, -left);
    const to = Math.min(source.width, target.width - left);
    if (to <= from) return;
    const row = source.data.subarray((y * source.width + from) * 4, (y * source.width + to) * 4);
    target.data.set(row, ((y + top) * target.width + left + from) * 4);
  }
}

/** The picture as a PNG file. */
export function encodePng({ width, height, data }: RasterImage): Uint8Array {
  return encode({
    width,
    height,
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    channels: 4,
    depth: 8,
  });
}

/** The picture as a `data:` URL, for pages that need no other file. */
export function pngDataUrl(image: RasterImage): string {
  const bytes = encodePng(image);
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return `data:image/png;base64,${btoa(text)}`;
}
