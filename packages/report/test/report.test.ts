import { createVolume } from '@seg/core';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import {
  type ContourLayer,
  dotChart,
  encodePng,
  escapeHtml,
  lineChart,
  type MontageOptions,
  planeView,
  pngDataUrl,
  renderChart,
  renderTrainingReport,
  scatterChart,
  sliceMontage,
  table,
} from '../src/index.ts';
import { svgToPng } from '../src/node/index.ts';

const SHAPE = [6, 8, 10] as const;
const ramp = () =>
  createVolume(
    Float32Array.from({ length: 480 }, (_, i) => i),
    SHAPE,
  );

function cube(lo: number, hi: number) {
  const data = new Uint8Array(480);
  for (let z = lo; z < hi; z++)
    for (let y = lo; y < hi; y++) for (let x = lo; x < hi; x++) data[(z * 8 + y) * 10 + x] = 1;
  return createVolume(data, SHAPE);
}

describe('charts', () => {
  it('draws a line chart whose SVG holds the axis titles and a path', async () => {
    const svg = await renderChart(
      lineChart(
        [
          {
            name: 'loss',
            points: [
              [0, 2],
              [1, 1],
              [2, Number.NaN],
              [3, 0.5],
            ],
          },
        ],
        { xTitle: 'step', yTitle: 'loss value' },
      ),
    );
    expect(svg).toMatch(/^<svg/);
    expect(svg).toContain('loss value');
    expect(svg).not.toContain('NaN');
  });

  it('draws dots and scatters, and PNG files of both', async () => {
    const dots = await renderChart(
      dotChart([{ name: 'liver', values: [0.9, 0.8, 0.85] }], { xTitle: '', yTitle: 'Dice' }),
    );
    const scatter = await renderChart(
      scatterChart(
        [
          { x: 0, y: 1, group: 'a' },
          { x: 2, y: 3, group: 'b' },
        ],
        { xTitle: 'x', yTitle: 'y' },
      ),
    );
    expect(dots).toContain('liver');
    for (const svg of [dots, scatter]) {
      const png = decode(await svgToPng(svg, { width: 300 }));
      expect(png.width).toBe(300);
      expect(new Set(png.data).size).toBeGreaterThan(2);
    }
  });

  it('says which function refused a broken specification', async () => {
    await expect(renderChart({ mark: 'nonsense', data: { values: [] }, encoding: {} } as never)).rejects.toThrow(
      /renderChart/,
    );
  });
});

describe('planeView', () => {
  it('shows the patient right on the left and the front on top for an RAS volume', () => {
    const view = planeView(ramp(), 'axial');
    expect([view.count, view.rows, view.columns]).toEqual([6, 8, 10]);
    expect(view.index(0, 0, 0)).toBe(7 * 10 + 9); // foot-most slice, front row (largest y), patient's right (largest x)
    expect(view.index(5, 7, 9)).toBe(5 * 80);
  });

  it('gives the same picture whatever the axis directions are', () => {
    const ras = ramp();
    const flipped = new Float32Array(480);
    for (let z = 0; z < 6; z++)
      for (let y = 0; y < 8; y++)
        for (let x = 0; x < 10; x++) flipped[(z * 8 + y) * 10 + (9 - x)] = ras.data[(z * 8 + y) * 10 + x]!;
    const las = createVolume(flipped, SHAPE, { affine: [-1, 0, 0, 9, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] });
    for (const plane of ['axial', 'coronal', 'sagittal'] as const) {
      expect(pngDataUrl(sliceMontage(las, [], { plane }))).toBe(pngDataUrl(sliceMontage(ras, [], { plane })));
    }
  });
});

describe('sliceMontage', () => {
  it('outlines the label in its colour, around its edge and not inside', () => {
    const montage = sliceMontage(ramp(), [{ labels: cube(2, 6), colour: () => [255, 0, 0] }], {
      slices: [3],
      tileSize: 80,
    });
    const red = (x: number, y: number) =>
      montage.data[4 * (y * montage.width + x)] === 255 && montage.data[4 * (y * montage.width + x) + 1] === 0;
    expect(montage.width).toBe(80);
    // x 2..5 is shown mirrored: columns 4..7 of 10, i.e. pixels 32..63; rows y 5..2 are rows 2..5 of 8, pixels 16..47
    expect(red(32, 30)).toBe(true);
    expect(red(63, 30)).toBe(true);
    expect(red(31, 30)).toBe(false);
    expect(red(48, 30)).toBe(false);
    expect(red(40, 16)).toBe(true);
  });

  it('refuses a label map of another shape', () => {
    expect(() => sliceMontage(ramp(), [{ labels: createVolume(new Uint8Array(8), [2, 2, 2]) }])).toThrow(
      /sliceMontage: image and label map differ/,
    );
  });

  it('begins a new line after so many slices', () => {
    const layers = [{ labels: cube(1, 4) }];
    const lines = sliceMontage(ramp(), layers, { slices: [0, 1, 2], perLine: 2, withPlain: true, tileSize: 40 });
    const last = sliceMontage(ramp(), layers, { slices: [2], withPlain: true, tileSize: 40 });
    // Tiles of 40 x 32 pixels, 4 apart; every slice has one with contours below the one without.
    expect([lines.width, lines.height]).toEqual([40 + 4 + 40, 4 * 32 + 3 * 4]);
    expect([last.width, last.height]).toEqual([40, 2 * 32 + 4]);
    const pixel = ({ data, width }: typeof lines, x: number, y: number) =>
      data.subarray(4 * (y * width + x), 4 * (y * width + x) + 4).join();
    for (let y = 0; y < last.height; y++) {
      for (let x = 0; x < 40; x++) expect(pixel(lines, x, y + 2 * (32 + 4))).toBe(pixel(last, x, y));
    }
    // There is no fourth slice, and the page shows through between the others.
    expect(pixel(lines, 60, 2 * (32 + 4) + 10)).toBe('0,0,0,0');
    expect(pixel(lines, 41, 10)).toBe('0,0,0,0');
    expect(() => sliceMontage(ramp(), layers, { perLine: 0 })).toThrow(/perLine must be/);
  });

  it('spreads slices over all layers, and shows the one in which the first two differ most', () => {
    const shape = [16, 8, 8] as const;
    const image = createVolume(
      Float32Array.from({ length: 1024 }, (_, i) => Math.floor(i / 64)),
      shape,
    );
    /** A square of `size[z]` voxels a side, from the corner. */
    const squares = (size: (z: number) => number) =>
      createVolume(
        Uint8Array.from({ length: 1024 }, (_, i) => {
          const s = size(i >> 6);
          return Number(((i >> 3) & 7) < s && (i & 7) < s);
        }),
        shape,
      );
    // The given label ends at slice 5; the other goes on to 12, where it is largest.
    const given = squares((z) => (z >= 2 && z <= 5 ? 3 : 0));
    const whole = squares((z) => (z < 2 || z > 12 ? 0 : z === 12 ? 6 : 3));
    const shown = (layers: ContourLayer[], count: number) => {
      const montage = (options: MontageOptions) => encodePng(sliceMontage(image, layers, { tileSize: 16, ...options }));
      const picture = montage({ count });
      return (slices: number[]) => expect(picture).toEqual(montage({ slices }));
    };
    // Four over 2 to 12: 3.25, 5.75, 8.25, 10.75; the last gives way to 12.
    shown([{ labels: given }, { labels: whole }], 4)([3, 6, 8, 12]);
    shown([{ labels: given }, { labels: whole }], 1)([12]);
    // No disagreement, no second layer, a layer that is empty.
    shown([{ labels: whole }, { labels: whole }], 4)([3, 6, 8, 11]);
    shown([{ labels: given }], 2)([3, 4]);
    shown([{ labels: squares(() => 0) }, { labels: given }], 2)([2, 4]);
  });

  it('encodes to PNG without loss', () => {
    const montage = sliceMontage(ramp(), [{ labels: cube(1, 4) }], { count: 2, withPlain: true, tileSize: 40 });
    const png = decode(encodePng(montage));
    expect([png.width, png.height]).toEqual([montage.width, montage.height]);
    expect(Uint8ClampedArray.from(png.data)).toEqual(montage.data);
  });
});

describe('pages', () => {
  it('escapes text', () => {
    expect(escapeHtml('<b a="1">&')).toBe('&#60;b a=&#34;1&#34;&#62;&#38;');
    expect(table(['<x>'], [['<y>', Number.NaN, 0.12345]]).html).toContain('<td class="number">0.123</td>');
  });

  it('says beside every mean over how many cases it is, and how many were empty', async () => {
    const empty = Number.POSITIVE_INFINITY;
    const score = (dice: number, distance: number, emptyPrediction = false, emptyReference = false) => ({
      label: 1,
      dice,
      hd95Mm: distance,
      assdMm: distance,
      emptyPrediction,
      emptyReference,
    });
    const html = await renderTrainingReport({
      title: 'A run',
      labels: [
        { value: 1, name: 'lesion' },
        { value: 2, name: 'never annotated' },
      ],
      summary: [],
      steps: [],
      validations: [{ step: 1, dice: { 1: Number.NaN, 2: Number.NaN } }],
      cases: [
        { id: 'a', scores: [score(0.5, 2)] },
        { id: 'b', scores: [score(0, empty, true)] },
        { id: 'c', scores: [score(0, empty, true)] },
        { id: 'd', scores: [score(Number.NaN, Number.NaN, true, true)] },
        { id: 'e', scores: [] },
      ],
      pictures: [],
    });
    const text = (part: string) =>
      part
        .replaceAll(/<[^>]+>/g, ' ')
        .replaceAll('&ndash;', '-')
        .trim()
        .split(/ {2,}/);
    const row = (name: string) => text(html.slice(html.indexOf(`<td>${name}`)).split('</tr>')[0]!);
    expect(text(html.slice(html.indexOf('<th>class')).split('</tr>')[0]!)).toEqual([
      'class',
      'cases',
      'mean Dice',
      'n',
      'median Dice',
      'worst Dice',
      'mean HD95 (mm)',
      'n',
      'mean ASSD (mm)',
      'n',
      'empty prediction',
      'empty reference',
      'both empty',
    ]);
    expect(row('lesion')).toEqual(['lesion', '4', '0.167', '3', '0', '0', '2', '1', '2', '1', '3', '1', '1']);
    expect(row('never annotated').slice(0, 4)).toEqual(['never annotated', '0', '-', '0']);
    expect(row('e')).toEqual(['e', 'not annotated', '-', 'not annotated', '-']);
  });

  it('builds a training report that needs no other file', async () => {
    const html = await renderTrainingReport({
      title: 'A run <1>',
      labels: [{ value: 1, name: 'anterior' }],
      summary: [['steps', 100]],
      steps: Array.from({ length: 1000 }, (_, i) => ({ step: i, loss: 1 / (i + 1), learningRate: 0.01 })),
      validations: [{ step: 50, dice: { 1: 0.8 } }],
      cases: [{ id: 'case_1', scores: [{ label: 1, dice: 0.8, hd95Mm: 1.5, assdMm: 0.3 }] }],
      pictures: [{ id: 'case_1', rank: 'best', image: ramp(), reference: cube(2, 6), prediction: cube(2, 5) }],
      config: { seed: 1 },
    });
    expect(html).toContain('A run &#60;1&#62;');
    expect(html).toContain('data:image/png;base64,');
    expect(html).toContain('case_1');
    expect(html).not.toMatch(/(src|href)="https?:/);
    expect(html.length).toBeLessThan(500_000);
  });
});
