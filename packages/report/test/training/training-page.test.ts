import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createVolume } from '@seg/core';
import { decode } from 'fast-png';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cssColour, labelColour, renderTrainingReport, type TrainingReport } from '../../src/index.ts';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const SHAPE = [12, 20, 20] as const;
/** Thick slices: coronal and sagittal pictures are wider than they are high. */
const SPACING = { spacingMm: [3, 1, 1] as const };
const image = createVolume(
  Float32Array.from({ length: 4800 }, (_, i) => i % 97),
  SHAPE,
  SPACING,
);
/** Two blocks, of label 2 and of label 5, `shift` voxels along x. */
const blocks = (shift: number) =>
  createVolume(
    Uint8Array.from({ length: 4800 }, (_, i) => {
      const [z, y, x] = [Math.floor(i / 400), Math.floor(i / 20) % 20, (i % 20) - shift];
      if (z < 3 || z > 8 || x < 4 || x > 12) return 0;
      return y >= 2 && y < 8 ? 2 : y >= 11 && y < 17 ? 5 : 0;
    }),
    SHAPE,
    SPACING,
  );

const report: TrainingReport = {
  title: 'A run',
  subtitle: 'step 3',
  // Values with a gap: colours go by the value, not by the place in the list.
  labels: [
    { value: 2, name: 'liver' },
    { value: 5, name: 'spleen' },
  ],
  summary: [['steps', 100]],
  steps: [1, 2, 3].map((step) => ({ step, loss: 1 / step, learningRate: 0.01 })),
  validations: [1, 2].map((step) => ({ step, dice: { 2: 0.8, 5: 0.4 } })),
  cases: [
    {
      id: 'one',
      scores: [
        { label: 2, dice: 0.8125, hd95Mm: 1.5, assdMm: 0.3 },
        { label: 5, dice: Number.NaN },
      ],
    },
    { id: 'two', scores: [{ label: 2, dice: 0.5 }] },
  ],
  pictures: [
    { id: 'one', rank: 'best', image, reference: blocks(0), prediction: blocks(2) },
    { id: 'two', image, reference: blocks(0), prediction: blocks(0) },
  ],
};

describe('renderTrainingReport', () => {
  it('says of every picture whose it is, its Dice, its plane and its place', async () => {
    const html = await renderTrainingReport(report);
    const drawn = html.replaceAll(/src="data:[^"]*"/g, '');
    expect(drawn).toContain('<strong>best: one.</strong> Dice: liver 0.813, spleen not defined.');
    expect(drawn).toContain('<strong>two.</strong> Dice: liver 0.500.');
    // Three axial slices over z 3 to 8: 3.83, 5.5 and 7.17; both maps differ alike in all, first in slice 3.
    const places = [...html.matchAll(/<figcaption>(\w+, [xyz] = [^<]+)</g)].map((match) => match[1]);
    expect(places.slice(0, 3)).toEqual([
      'axial, z = 9.0 mm (voxel 3)',
      'axial, z = 18.0 mm (voxel 6)',
      'axial, z = 21.0 mm (voxel 7)',
    ]);
    expect(places.slice(3, 5).map((place) => place?.split(',')[0])).toEqual(['coronal', 'sagittal']);
    expect(places).toHaveLength(10);
  });

  it('draws a class in one colour: chart, legend, reference and prediction', async () => {
    const html = await renderTrainingReport(report);
    const drawn = html.replaceAll(/src="data:[^"]*"/g, '');
    for (const value of [2, 5]) {
      const css = cssColour(labelColour(value));
      expect(drawn.includes(`background:${css}`), 'in the legend').toBe(true);
      expect(drawn.includes(`stroke="${css}"`), 'a line').toBe(true);
      expect(drawn.includes(`fill="${css}"`), 'a dot').toBe(true);
    }
    // What is no class (loss, learning rate) has no colour of a class.
    const used = new Set([...drawn.matchAll(/(?:stroke|fill)="(#[0-9a-f]{6})"/g)].map((match) => match[1]));
    expect([...used].sort()).toEqual([cssColour(labelColour(2)), cssColour(labelColour(5)), '#8c959f'].sort());

    const coloured = new Set<string>();
    for (const [, base64] of html.matchAll(/src="data:image\/png;base64,([^"]+)"/g)) {
      const { data } = decode(Buffer.from(base64!, 'base64'));
      for (let i = 0; i < data.length; i += 4) {
        const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
        if (r !== g || g !== b) coloured.add(`${r},${g},${b}`);
      }
    }
    expect([...coloured].sort()).toEqual([labelColour(2).join(), labelColour(5).join()].sort());
  });
});

describe.runIf(executablePath !== undefined)('the page in a browser', () => {
  let [browser, folder, address] = [undefined as Browser | undefined, '', ''];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'seg-report-'));
    const path = join(folder, 'report.html');
    await writeFile(path, await renderTrainingReport(report));
    address = pathToFileURL(path).href;
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });
  async function open(colorScheme: 'light' | 'dark', width: number): Promise<Page> {
    const page = await browser!.newPage({ colorScheme, viewport: { width, height: 900 } });
    await page.goto(address);
    return page;
  }

  it.each([1280, 800, 420])('shows every slice 320 pixels wide and high in a window of %i', async (width) => {
    const page = await open('light', width);
    const sizes = await page.locator('figure figure img').evaluateAll((images) =>
      images.map((element) => {
        const box = element.getBoundingClientRect();
        return [Math.round(box.width), Math.round(box.height)];
      }),
    );
    expect(sizes).toHaveLength(10);
    for (const [wide, high] of sizes) expect(Math.min(wide!, high!)).toBeGreaterThanOrEqual(320);
    // Nothing but wide tables, which scroll by themselves, is wider than the window.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await page.close();
  });

  it.each(['light', 'dark'] as const)('can be read in a %s theme: texts, charts, links', async (scheme) => {
    const page = await open(scheme, 1280);
    const ratios = await page.evaluate(() => {
      const parse = (css: string) => css.match(/[\d.]+/g)!.map(Number);
      const luminance = (css: string) => {
        const [r, g, b] = parse(css).map((v) => (v / 255 <= 0.04045 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
      };
      const contrast = (one: string, other: string) => {
        const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
        return (high! + 0.05) / (low! + 0.05);
      };
      const background = (element: Element): string => {
        const { backgroundColor } = getComputedStyle(element);
        const isClear = (parse(backgroundColor)[3] ?? 1) === 0;
        return isClear && element.parentElement !== null ? background(element.parentElement) : backgroundColor;
      };
      const selectors = [
        'h1',
        'header p',
        'nav a',
        'td',
        'th',
        'caption',
        'figcaption',
        'figcaption strong',
        'summary',
      ];
      return [
        ...selectors.map((selector) => {
          const element = document.querySelector(selector)!;
          return [selector, contrast(getComputedStyle(element).color, background(element))] as const;
        }),
        ...[...document.querySelectorAll('svg text')].map((text) => {
          return [`chart: ${text.textContent}`, contrast(getComputedStyle(text).fill, background(text))] as const;
        }),
      ];
    });
    expect(ratios.length).toBeGreaterThan(30);
    // WCAG AA for texts.
    expect(ratios.filter(([, ratio]) => !(ratio >= 4.5))).toEqual([]);
    const luminanceOf = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(Number(luminanceOf.match(/\d+/)![0]) > 128).toBe(scheme === 'light');
    // No chart brings a background of its own.
    const filled = await page
      .locator('svg')
      .evaluateAll((charts) =>
        charts.flatMap((svg) =>
          [...svg.querySelectorAll('rect, path')].filter((e) => e.getAttribute('fill') === 'white'),
        ),
      );
    expect(filled).toEqual([]);
    await page.close();
  });
});
