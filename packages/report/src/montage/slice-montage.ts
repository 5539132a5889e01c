import { SegError, type Volume } from '@seg/core';
import { type Colour, labelColour } from '../colour/label-colours.ts';
import { drawGlyph, glyphSize } from './glyphs.ts';
import { type Plane, type PlaneView, planeView } from './plane.ts';
import { blankImage, pasteImage, type RasterImage } from './raster.ts';

/** Outlines of a label map, drawn over the image. */
export interface ContourLayer {
  readonly labels: Volume;
  /** Default solid. */
  readonly line?: 'solid' | 'dashed';
  /** Pixels, drawn inwards; default 1. */
  readonly lineWidth?: number;
  /** Colour by label value; default `labelColour`. */
  readonly colour?: (label: number) => Colour;
}

export interface MontageOptions {
  /** Default axial. */
  readonly plane?: Plane;
  /**
   * Slice indices; default: `count` slices spread over what the contour layers together cover, or over the volume. With
   * two layers or more, the slice in which the first two differ most is one of them.
   */
  readonly slices?: readonly number[];
  /** Default 4. */
  readonly count?: number;
  /** Pixels that the longer side of a slice gets at least; default 220. */
  readonly tileSize?: number;
  /** Also shows each slice without contours, in a row above. Default false. */
  readonly withPlain?: boolean;
  /** Slices side by side before a new line begins; default: all. */
  readonly perLine?: number;
  /** Channel of the image; default 0. */
  readonly channel?: number;
  /**
   * Puts every slice into a black square of `tileSize` pixels with the patient's directions at its edges (R, L, A, P, S,
   * I). Default false.
   */
  readonly framed?: boolean;
}

const GAP = 4;
/** Pixels between a direction's letter and the edge. */
const LETTER_MARGIN = 5;
const LOW_QUANTILE = 0.005;
const HIGH_QUANTILE = 0.995;

/**
 * Slices of an image side by side, with outlines of label maps.
 *
 * Grey values are stretched between the volume's 0.5 and 99.5 percentiles; pixels are square in mm.
 *
 * @throws SegError `shape-mismatch` when a label map's shape differs from the image's, `invalid-argument` for a
 * `perLine` that is no positive integer.
 */
export function sliceMontage(
  image: Volume,
  layers: readonly ContourLayer[] = [],
  options: MontageOptions = {},
): RasterImage {
  const { plane = 'axial', count = 4, tileSize = 220, withPlain = false, channel = 0, framed = false } = options;
  if (options.perLine !== undefined && !(Number.isInteger(options.perLine) && options.perLine > 0)) {
    throw new SegError('invalid-argument', {
      where: 'sliceMontage',
      problem: 'perLine must be a positive integer',
      got: options.perLine,
    });
  }
  for (const { labels } of layers) {
    if (labels.shape.join() === image.shape.join()) continue;
    throw new SegError('shape-mismatch', {
      where: 'sliceMontage',
      problem: 'image and label map differ in shape',
      got: labels.shape,
      expected: image.shape,
    });
  }
  const view = planeView(image, plane);
  const slices =
    options.slices ??
    chooseSlices(
      view,
      layers.map(({ labels }) => labels),
      count,
    );
  const grey = greyLevels(image, channel);
  const scale = tileSize / Math.max(view.rows * view.rowMm, view.columns * view.columnMm);
  const tiles = slices.map((slice) => {
    const width = Math.max(1, Math.round(view.columns * view.columnMm * scale));
    const height = Math.max(1, Math.round(view.rows * view.rowMm * scale));
    const plain = drawSlice(view, slice, width, height, grey);
    const outlined = { ...plain, data: plain.data.slice() };
    for (const layer of layers) drawContours(outlined, view, slice, layer);
    const column = withPlain && layers.length > 0 ? [plain, outlined] : [outlined];
    return framed ? column.map((tile) => frameTile(tile, view, tileSize)) : column;
  });
  // All tiles have one size.
  const { width = 1, height = 1 } = tiles[0]?.[0] ?? {};
  const rows = tiles[0]?.length ?? 1;
  const columns = Math.max(1, Math.min(options.perLine ?? tiles.length, tiles.length));
  const lines = Math.max(1, Math.ceil(tiles.length / columns));
  const montage = blankImage(columns * (width + GAP) - GAP, lines * rows * (height + GAP) - GAP);
  montage.data.fill(0); // transparent between the tiles: a page is light or dark
  tiles.forEach((column, i) => {
    column.forEach((tile, row) => {
      const line = Math.floor(i / columns) * rows + row;
      pasteImage(montage, tile, (i % columns) * (width + GAP), line * (height + GAP));
    });
  });
  return montage;
}

/** Places a slice in the middle of a black square, with the directions at the middles of the square's edges. */
function frameTile(tile: RasterImage, { edges }: PlaneView, size: number): RasterImage {
  const square = blankImage(size, size);
  pasteImage(square, tile, (size - tile.width) >> 1, (size - tile.height) >> 1);
  const { width, height } = glyphSize;
  const [across, down] = [(size - width) >> 1, (size - height) >> 1];
  drawGlyph(square, edges.left, LETTER_MARGIN, down);
  drawGlyph(square, edges.right, size - LETTER_MARGIN - width, down);
  drawGlyph(square, edges.top, across, LETTER_MARGIN);
  drawGlyph(square, edges.bottom, across, size - LETTER_MARGIN - height);
  return square;
}

/**
 * Slices of a view, `count` at most, spread over what the label maps together cover (or over the volume); of two maps or
 * more, the slice in which the first two differ most is one of them.
 */
export function chooseSlices(view: PlaneView, labels: readonly Volume[], count: number): number[] {
  let first = 0;
  let last = view.count - 1;
  const all = [...Array(view.count).keys()];
  // Of all layers: where one of them ends too early is what the picture is for.
  const covered = all.filter((s) => voxels(view, s, (i) => labels.some(({ data }) => data[i] !== 0)) > 0);
  if (covered.length > 0) [first, last] = [covered[0]!, covered[covered.length - 1]!];
  const n = Math.min(count, last - first + 1);
  const slices = [...Array(n).keys()].map((i) => Math.round(first + ((i + 0.5) / n) * (last - first)));
  const [one, other] = labels;
  if (one === undefined || other === undefined || n === 0) return slices;
  const apart = all.map((s) => voxels(view, s, (i) => one.data[i] !== other.data[i]));
  const most = apart.indexOf(Math.max(...apart));
  if (apart[most] === 0 || slices.includes(most)) return slices;
  const away = slices.map((s) => Math.abs(s - most));
  slices[away.indexOf(Math.min(...away))] = most;
  return slices;
}

function voxels(view: PlaneView, slice: number, counts: (index: number) => boolean): number {
  let sum = 0;
  for (let r = 0; r < view.rows; r++) {
    for (let c = 0; c < view.columns; c++) if (counts(view.index(slice, r, c))) sum++;
  }
  return sum;
}

/** Grey level 0..255 of a voxel, between two percentiles taken from at most 20,000 voxels. */
function greyLevels(image: Volume, channel: number): (index: number) => number {
  const voxels = image.shape[0] * image.shape[1] * image.shape[2];
  const start = channel * voxels;
  const step = Math.max(1, Math.floor(voxels / 20_000));
  const sample: number[] = [];
  for (let i = 0; i < voxels; i += step) {
    const value = image.data[start + i]!;
    if (Number.isFinite(value)) sample.push(value);
  }
  sample.sort((a, b) => a - b);
  const low = sample[Math.floor(LOW_QUANTILE * (sample.length - 1))] ?? 0;
  const high = sample[Math.ceil(HIGH_QUANTILE * (sample.length - 1))] ?? 1;
  const scale = high > low ? 255 / (high - low) : 0;
  return (index) => {
    const value = (image.data[start + index]! - low) * scale;
    return Number.isFinite(value) ? value : 0;
  };
}

function drawSlice(view: PlaneView, slice: number, width: number, height: number, grey: (i: number) => number) {
  const picture = blankImage(width, height);
  for (let y = 0; y < height; y++) {
    const r = Math.min(view.rows - 1, Math.max(0, ((y + 0.5) / height) * view.rows - 0.5));
    const r0 = Math.floor(r);
    const r1 = Math.min(view.rows - 1, r0 + 1);
    for (let x = 0; x < width; x++) {
      const c = Math.min(view.columns - 1, Math.max(0, ((x + 0.5) / width) * view.columns - 0.5));
      const c0 = Math.floor(c);
      const c1 = Math.min(view.columns - 1, c0 + 1);
      const at = (row: number, column: number) => grey(view.index(slice, row, column));
      const top = at(r0, c0) + (c - c0) * (at(r0, c1) - at(r0, c0));
      const bottom = at(r1, c0) + (c - c0) * (at(r1, c1) - at(r1, c0));
      picture.data.fill(top + (r - r0) * (bottom - top), 4 * (y * width + x), 4 * (y * width + x) + 3);
    }
  }
  return picture;
}

/** Marks the pixels of a label that lie within `lineWidth` pixels of another label. */
function drawContours(picture: RasterImage, view: PlaneView, slice: number, layer: ContourLayer): void {
  const { width, height, data } = picture;
  const { labels, line = 'solid', lineWidth = 1, colour = labelColour } = layer;
  const reach = Array.from({ length: lineWidth }, (_, i) => i + 1);
  const label = (x: number, y: number): number => {
    if (x < 0 || y < 0 || x >= width || y >= height) return 0;
    const r = Math.floor((y / height) * view.rows);
    const c = Math.floor((x / width) * view.columns);
    return labels.data[view.index(slice, r, c)]!;
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const here = label(x, y);
      if (here === 0) continue;
      const edge = reach.some((d) =>
        [label(x - d, y), label(x + d, y), label(x, y - d), label(x, y + d)].some((n) => n !== here),
      );
      if (!edge || (line === 'dashed' && (x + y) % 8 >= 4)) continue;
      data.set(colour(here), 4 * (y * width + x));
    }
  }
}
