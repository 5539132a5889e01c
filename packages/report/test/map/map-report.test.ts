import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Curation, curationReport, type MapReport, renderMapReport } from '../../src/index.ts';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const clusterOf = (i: number) => (i < 6 ? 0 : 1);

/** Ten cases: six about the origin, four far to the right; the last one first in the ranking. */
function curation(): Curation {
  const shape = [4, 8, 8] as const;
  const ids = Array.from({ length: 10 }, (_, i) => (i === 9 ? '</script><b>odd</b>' : `case ${i}`));
  const latents = ids.map((_, i) => (i < 6 ? [0.1 * (i % 3), 0.1 * (i % 2)] : [2 + 0.3 * i, 0.2 * i]));
  const row = (i: number) => ({
    case: ids[i]!,
    cluster: clusterOf(i),
    flagged: i > 7,
    volume_ml: 1 + i,
    norm: i,
    isolation: i / 2,
    distance_to_median: i,
    out_of_fold_dice_error: i === 2 ? Number.NaN : i / 10,
    volume_only: 0.1,
    quality_sentinel: 0.5,
    dominant_style_dice_error: 0.2,
  });
  const label = new Uint8Array(256).fill(1, 90, 160);
  return {
    dataset: 'toy',
    recommendedScore: 'distance_to_median',
    ranking: ids.map((_, i) => row(9 - i)),
    cases: ids.map((id, i) => ({
      working: {
        info: { id },
        shape,
        channels: 1,
        image: Float32Array.from({ length: 256 }, (_, k) => (k * (i + 3)) % 17),
        label,
        spacingMm: [2, 1, 1] as const,
      },
      dominant: label,
    })),
    map: {
      latents,
      history: [1, 2, 3].map((step) => ({
        step,
        latents: Object.fromEntries(ids.map((id, i) => [id, latents[i]!.map((v) => (v * step) / 3)])),
      })),
      steps: 3,
    },
    clusters: {
      centroids: [
        [0.1, 0.05],
        [4.2, 1.5],
      ],
      silhouette: 0.8,
    },
    plan: { grid: { shape, spacingMm: [2, 1, 1] }, epochs: 3 },
    seconds: 12,
  };
}

describe('renderMapReport', () => {
  it('is one page that names nothing outside of itself', () => {
    const html = renderMapReport(curationReport(curation()));
    expect(html).not.toMatch(/(?:src|href)="(?!data:|#)/);
    expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    expect(html).not.toContain('</script><b>');
    expect(html).toContain('Cluster 1: 4 cases, mean volume 8.50 ml');
    expect(html).toContain('3 steps, 0.3 of 3 epochs');
  });

  it('refuses reports that do not fit together', () => {
    const report = curationReport(curation());
    expect(() => renderMapReport({ ...report, cases: [] })).toThrow(/no cases/);
    expect(() => renderMapReport({ ...report, history: [] })).toThrow(/no history/);
    expect(() => renderMapReport({ ...report, history: [{ step: 1, points: [] }] })).toThrow(/another number/);
    expect(() => renderMapReport({ ...report, clusters: [] })).toThrow(/not listed/);
  });

  it('thins a long history and keeps the end', () => {
    const long = curation();
    const one = long.map.history[0]!;
    const history = Array.from({ length: 200 }, (_, i) => ({ ...one, step: i + 1 }));
    const { history: kept } = curationReport({ ...long, map: { ...long.map, history, steps: 200 } });
    expect(kept.length).toBeLessThanOrEqual(60);
    expect(kept.at(-1)!.step).toBe(200);
  });
});

describe.skipIf(executablePath === undefined)('the page in Chromium (skipped where there is none)', () => {
  let browser: Browser;
  let page: Page;
  let folder = '';
  const report: MapReport = curationReport(curation());
  const problems: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'map-report-'));
    const path = join(folder, 'report.html');
    await writeFile(path, renderMapReport(report));
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
    page = await browser.newPage({ viewport: { width: 1100, height: 1000 }, acceptDownloads: true });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      if (!/^(?:file|data|blob):/.test(request.url())) problems.push(request.url());
    });
    await page.goto(pathToFileURL(path).href);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Where a point of the map is on the screen: the page's own placement, computed again from its data. */
  const placeOf = async (index: number) => {
    const box = (await page.locator('#map').boundingBox())!;
    const all = [...report.history.flatMap((h) => h.points), [0, 0] as const];
    const [xs, ys] = [all.map((p) => p[0]), all.map((p) => p[1])];
    const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const scale = Math.min((1200 - 120) / (x1 - x0), (960 - 120) / (y1 - y0));
    const [x, y] = report.history.at(-1)!.points[index]!;
    const px = 600 + (x - (x0 + x1) / 2) * scale;
    const py = 480 - (y - (y0 + y1) / 2) * scale;
    return { x: box.x + (px * box.width) / 1200, y: box.y + (py * box.height) / 960 };
  };

  it('shows the most suspect case first, names cases under the pointer, and shows slices on a click', async () => {
    expect(await page.locator('#case h3').textContent()).toBe('</script><b>odd</b>');
    const second = await placeOf(2);
    await page.mouse.move(second.x, second.y);
    expect(await page.locator('#tip').textContent()).toContain('case 7');
    await page.mouse.click(second.x, second.y);
    expect(await page.locator('#case h3').textContent()).toBe('case 7');
    const width = await page
      .locator('#case img')
      .evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth);
    expect(width).toBeGreaterThan(100);
    expect(await page.locator('#ranking tr.chosen td').first().textContent()).toBe('case 7');
  }, 30_000);

  it('colours by flag and volume, and plays the history', async () => {
    const pixels = () => page.locator('#map').evaluate((c) => (c as unknown as { toDataURL(): string }).toDataURL());
    const byCluster = await pixels();
    await page.selectOption('#colour', 'flag');
    const byFlag = await pixels();
    expect(byFlag).not.toBe(byCluster);
    expect(await page.locator('#legend').textContent()).toContain('not flagged');
    await page.selectOption('#colour', 'volume');
    expect(await page.locator('#legend').textContent()).toContain('10 ml');
    await page.locator('#time').fill('0');
    expect(await page.locator('#step').textContent()).toBe('step 1');
    expect(await pixels()).not.toBe(byFlag);
    await page.locator('#time').fill('2');
    await page.selectOption('#colour', 'cluster');
  }, 30_000);

  it('sorts the ranking, and saves it as CSV', async () => {
    await page.locator('#ranking th', { hasText: 'case' }).first().click();
    expect(await page.locator('#ranking tbody tr').first().locator('td').first().textContent()).toBe(
      '</script><b>odd</b>',
    );
    await page.locator('#ranking th', { hasText: 'norm' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#csv')]);
    const lines = (await readFile((await download.path())!, 'utf8')).trimEnd().split('\n');
    expect(lines.length).toBe(11);
    // The recommended score comes first.
    expect(lines[0]).toMatch(/^case,distance_to_median,norm,isolation,out_of_fold_dice_error,/);
    expect(lines[3]).toMatch(/^case 7,7,7,3\.5,0\.7,/);
    expect(lines.find((line) => line.startsWith('case 2,'))).toMatch(/^case 2,2,2,1,,/);
  }, 30_000);

  it('asked for nothing outside, without errors', async () => {
    const picture = await page.screenshot({ type: 'png' });
    expect(picture.length).toBeGreaterThan(5000);
    if (process.env.SEG_SCREENSHOT !== undefined) await writeFile(process.env.SEG_SCREENSHOT, picture);
    expect(problems).toEqual([]);
  });
});
