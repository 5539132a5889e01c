import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { decode } from 'fast-png';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { curationReport, labelColour, latentMapReport, type MapReport, renderMapReport } from '../../src/index.ts';
import { curation } from './curation.ts';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
describe('renderMapReport', () => {
  it('is one page that names nothing outside of itself', () => {
    const html = renderMapReport(curationReport({ ...curation(), warnings: ['1 label is <empty>'] }));
    expect(html).toContain('<td>warning</td><td>1 label is &#60;empty&#62;</td>');
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
    expect(() => renderMapReport({ ...report, columns: ['case', 'nrom'] })).toThrow(/a column is none of .*nrom/s);
  });

  it('shows the slices that the given label lacks', () => {
    const one = curation();
    const [first] = one.cases;
    // Slices of 64 voxels: the label has the first of four, the dominant style all, most in the last.
    const label = new Uint8Array(256).fill(1, 18, 22);
    const dominant = Uint8Array.from({ length: 256 }, (_, i) =>
      Number((i & 63) >= 18 && (i & 63) < (i < 192 ? 22 : 46)),
    );
    const cases = [{ working: { ...first!.working, label }, dominant }, ...one.cases.slice(1)];
    const picture = curationReport({ ...one, cases }).cases.at(-1)!.picture!;
    const { width, data } = decode(Buffer.from(picture.slice(picture.indexOf(',') + 1), 'base64'));
    // Tiles of 160 x 160, 4 apart, two a line; outlines of the given label are orange, of the dominant style blue.
    const has = (tile: number, [r, g, b]: readonly number[]) => {
      const [left, top] = [164 * (tile % 2), 164 * (tile >> 1)];
      return Array.from(
        { length: 160 * 160 },
        (_, k) => 4 * ((top + Math.floor(k / 160)) * width + left + (k % 160)),
      ).some((at) => data[at] === r && data[at + 1] === g && data[at + 2] === b);
    };
    expect(width).toBe(2 * 160 + 4);
    const [given, style] = [labelColour(1), labelColour(2)];
    expect([0, 1, 2, 3].map((tile) => has(tile, given))).toEqual([true, false, false, false]);
    expect([1, 2, 3].map((tile) => has(tile, style))).toEqual([true, true, true]);
  });

  it('projects latents of many components on their first two principal axes', () => {
    const one = curation();
    // Variances 9, 4 and 1 along orthogonal directions a, b, c about a centre.
    const [a, b, c] = [
      [2 / 3, 2 / 3, 1 / 3],
      [-2 / 3, 1 / 3, 2 / 3],
      [1 / 3, -2 / 3, 2 / 3],
    ];
    const centre = [5, -1, 2];
    const at = (p: number, q: number, r: number) => centre.map((v, i) => v + p * a![i]! + q * b![i]! + r * c![i]!);
    const places = [-1, 1].flatMap((p) => [-1, 1].flatMap((q) => [-1, 1].map((r) => [3 * p, 2 * q, r] as const)));
    const all = [...places, [0, 0, 0] as const, [0, 0, 0] as const];
    const cases = one.cases.map((item) => item.working.info.id);
    const map = {
      latents: all.map((place) => at(...place)),
      history: [{ step: 1, latents: Object.fromEntries(cases.map((id) => [id, at(1, 0, 7)])) }],
      steps: 3,
    };
    const report = curationReport({
      ...one,
      map,
      clusters: { centroids: [at(0, 1, 0), at(1, 0, 5)], silhouette: 0.5 },
    });
    const near = ([x, y]: readonly [number, number], expected: readonly number[]) => {
      expect(x).toBeCloseTo(expected[0]!, 10);
      expect(y).toBeCloseTo(expected[1]!, 10);
    };
    // The ranking runs backwards. Largest components positive: a as it is, b's are -2/3 and 2/3, of which the first counts.
    for (const [i, point] of report.history.at(-1)!.points.entries()) near(point, [all[9 - i]![0], -all[9 - i]![1]]);
    near(report.history[0]!.points[0]!, [1, 0]);
    near(report.clusters[0]!.centre, [0, -1]);
    near(report.clusters[1]!.centre, [1, 0]);
    expect(report.axes).toEqual([
      'principal axis 1 of 3 (64 % of the variance)',
      'principal axis 2 of 3 (29 % of the variance)',
    ]);
    near(report.dominant, [0, 0]);
  });

  it('puts the dominant style at the median of the latents, which is not the origin', () => {
    const one = curation();
    // Components of the ten by hand: 0, 0, 0, 0.1, 0.1, 0.2, 0.2, ... and 0 three times, 0.1 three times, 1.2 and more.
    expect(curationReport(one).dominant.map((v) => Number(v.toFixed(10)))).toEqual([0.2, 0.1]);
    expect(curationReport(one).axes).toEqual(['latent component 1', 'latent component 2']);
    const line = { ...one.map, latents: one.map.latents.map(([x]) => [x!]), history: [] };
    const report = curationReport({ ...one, map: line, clusters: { centroids: [[0], [4]], silhouette: 0.5 } });
    expect(report.axes).toEqual(['latent component 1', '']);
    expect(report.history[0]!.points.every(([, y]) => y === 0)).toBe(true);
  });

  it('makes a page of any latents with a ranking, without pictures and with volumes that are not known', () => {
    const history = [
      { step: 1, latents: { a: [0, 0], b: [1, 1], c: [2, 0] } },
      { step: 2, latents: { a: [0.5, 0], b: [1, 1], c: [2, 0] } },
    ];
    const ranking = ['c', 'b', 'a'].map((id, i) => ({
      case: id,
      cluster: 0,
      flagged: false,
      volume_ml: i === 0 ? Number.NaN : i,
      norm: 3 - i,
    }));
    const map = {
      title: 'a map',
      ranking,
      recommendedScore: 'norm',
      history,
      clusters: { centroids: [[1, 0.5]], silhouette: Number.NaN },
    };
    const report = latentMapReport({ ...map, dominant: 'origin' });
    expect(report.dominant).toEqual([0, 0]);
    expect(latentMapReport(map).dominant).toEqual([1, 0]);
    expect(report.history.at(-1)!.points).toEqual([
      [2, 0],
      [1, 1],
      [0.5, 0],
    ]);
    const html = renderMapReport(report);
    expect(html).toContain('The lines cross at latent 0, the dominant style');
    expect(html).toContain('Click a point for its scores.');
    expect(html).toContain('Cluster 0: 3 cases, mean volume 1.50 ml');
    expect(html).not.toContain('Nearest to the centre');
    const lost = [history[0]!, { step: 2, latents: { a: [0, 0], b: [1, 1] } }];
    expect(() => latentMapReport({ ...map, history: lost })).toThrow(/step 2 has no latent.*got "?c/s);
  });

  /** Eight cases of one cluster, further from its centre the more suspect they are; the first of them are shown. */
  const line = () => {
    const one = curation();
    const ids = one.cases.map(({ working }) => working.info.id);
    const row = one.ranking[0]!;
    return {
      ...one,
      ranking: ids.map((id, i) => ({ ...row, case: id, cluster: i < 8 ? 0 : 1 })),
      map: { ...one.map, history: [], latents: ids.map((_, i) => [8 - i, 0]) },
      clusters: { centroids: [[0, 0] as const, [-1, 0] as const], silhouette: 0.5 },
    };
  };
  const gallery = (html: string, cluster: number) =>
    html.slice(html.indexOf(`Cluster ${cluster}: `)).split('</details>')[0]!;

  it('shows those nearest to a cluster’s centre, however unsuspicious they are', () => {
    const report = curationReport(line(), { pictures: 2 });
    // The two most suspect ones, the six nearest to the first centre, the two of the second.
    expect(report.cases.map(({ picture }) => picture !== undefined)).toEqual(Array.from({ length: 10 }, () => true));
    const shown = gallery(renderMapReport(report), 0);
    expect([...shown.matchAll(/case \d/g)].map(String)).toEqual(
      expect.arrayContaining([7, 6, 5, 4, 3, 2].map((i) => `case ${i}`)),
    );
    expect(shown).not.toMatch(/case [01]/);
    const fewer = curationReport(line(), { pictures: 1 });
    expect(fewer.cases.map(({ picture }) => picture !== undefined).indexOf(false)).toBe(1);
    const none = curationReport(line(), { pictures: 0 });
    expect(none.cases.every(({ picture }) => picture === undefined)).toBe(true);
    for (const pictures of [-1, Number.NaN])
      expect(() => curationReport(line(), { pictures })).toThrow(/curationReport: the number of pictures.*from 0 up/);
  });

  it('puts nobody in the place of a near case that has no picture', () => {
    const report = curationReport(line());
    const cases = report.cases.map(({ picture, ...item }) =>
      item.id === 'case 7' ? item : { ...item, picture: picture! },
    );
    const shown = gallery(renderMapReport({ ...report, cases }), 0);
    expect(shown).toContain('As near, without slices: case 7');
    expect(shown).toContain('case 2');
    expect(shown).not.toMatch(/case [01]/);
  });

  it('tells its pictures which cases are in a gallery', () => {
    const { ranking, clusters, map } = line();
    const asked: [string, number, boolean][] = [];
    const latents = Object.fromEntries(ranking.map((row, i) => [row.case, map.latents[i]!]));
    latentMapReport({
      title: '',
      ranking,
      recommendedScore: 'norm',
      history: [{ step: 1, latents }],
      clusters,
      picture: (...args) => void asked.push(args),
    });
    expect(asked.map(([, rank]) => rank)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(asked.map(([, , inGallery]) => inGallery)).toEqual(asked.map((_, i) => i > 1));
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
    const all = [...report.history.flatMap((h) => h.points), report.dominant];
    const [xs, ys] = [all.map((p) => p[0]), all.map((p) => p[1])];
    const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const scale = Math.min((1200 - 120) / (x1 - x0), (960 - 120) / (y1 - y0));
    const [x, y] = report.history.at(-1)!.points[index]!;
    const px = 600 + (x - (x0 + x1) / 2) * scale;
    const py = 480 - (y - (y0 + y1) / 2) * scale;
    return { x: box.x + (px * box.width) / 1200, y: box.y + (py * box.height) / 960 };
  };

  /** What a point's middle is drawn in. */
  const colourAt = async (index: number) => {
    const box = (await page.locator('#map').boundingBox())!;
    const { x, y } = await placeOf(index);
    const at = [((x - box.x) * 1200) / box.width, ((y - box.y) * 960) / box.height] as const;
    const [r, g, b] = await page.locator('#map').evaluate((canvas, [px, py]) => {
      const pen = (canvas as unknown as { getContext(kind: '2d'): CanvasRenderingContext2D }).getContext('2d');
      return [...pen.getImageData(Math.round(px), Math.round(py), 1, 1).data];
    }, at);
    return r === g && g === b ? 'grey' : 'coloured';
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
    // Volumes are 1 to 10 ml, and 0 for one case, which is out of the range: the middle is their geometric mean.
    const legend = await page.locator('#legend span').allTextContents();
    expect(legend).toEqual(['1 ml', '3.16 ml', '10 ml', 'empty label']);
    const colours = await page
      .locator('#legend i')
      .evaluateAll((dots) => dots.map((dot) => (dot as unknown as { style: { background: string } }).style.background));
    expect(colours.at(-1)).toBe('rgb(153, 153, 153)');
    expect(new Set(colours).size).toBe(4);
    expect(await colourAt(report.cases.findIndex(({ volumeMl }) => volumeMl === 0))).toBe('grey');
    expect(await colourAt(report.cases.findIndex(({ volumeMl }) => volumeMl === 2))).toBe('coloured');
    await page.locator('#time').fill('0');
    expect(await page.locator('#step').textContent()).toBe('step 1');
    expect(await pixels()).not.toBe(byFlag);
    await page.locator('#time').fill('2');
    await page.selectOption('#colour', 'cluster');
  }, 30_000);

  const saved = async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#csv')]);
    return readFile((await download.path())!, 'utf8');
  };

  it('saves the ranking as the run has it: columns, digits, infinity and NaN', async () => {
    const lines = (await saved()).split('\n');
    expect(lines.length).toBe(12);
    // 8/3, 7/3 and 4/3 in 8 digits; the fifth case has no volume, the third no out-of-fold score.
    expect(lines.filter((_, i) => [0, 1, 2, 3, 6, 8, 11].includes(i))).toEqual([
      'case,cluster,flagged,volume_ml,norm,isolation,distance_to_median,out_of_fold_dice_error,volume_only,quality_sentinel,dominant_style_dice_error',
      '</script><b>odd</b>,1,true,10,9,4.5,9,0.9,3,0.5,0.2',
      'case 8,1,true,9,8,4,8,0.8,2.6666667,0.5,0.2',
      'case 7,1,false,8,7,3.5,7,0.7,2.3333333,0.5,0.2',
      'case 4,0,false,0,4,2,4,0.4,inf,0.5,0.2',
      'case 2,0,false,3,2,1,2,,0.66666667,0.5,0.2',
      '',
    ]);
  }, 30_000);

  it('sorts the ranking: infinity first, what was not computed last', async () => {
    const column = async (name: string, n: number) => {
      await page.locator('#ranking th', { hasText: name }).first().click();
      return page.locator(`#ranking tbody td:nth-child(${n})`).allTextContents();
    };
    const headings = await page.locator('#ranking th').allTextContents();
    const place = (name: string) => 1 + headings.map((h) => h.replaceAll('\u200b', '')).indexOf(name);
    // The recommended score comes first.
    expect(place('distance_to_median')).toBe(2);
    expect((await column('case', 1))[0]).toBe('</script><b>odd</b>');
    expect((await column('volume_\u200bonly', place('volume_only'))).slice(0, 2)).toEqual(['∞', '3']);
    expect((await saved()).split('\n')[1]).toMatch(/^case 4,.*,inf,/);
    expect((await column('out_\u200bof', place('out_of_fold_dice_error'))).slice(-2)).toEqual(['0', '–']);
  }, 30_000);

  it('asked for nothing outside, without errors', async () => {
    const picture = await page.screenshot({ type: 'png' });
    expect(picture.length).toBeGreaterThan(5000);
    if (process.env.SEG_SCREENSHOT !== undefined) await writeFile(process.env.SEG_SCREENSHOT, picture);
    expect(problems).toEqual([]);
  });
});
