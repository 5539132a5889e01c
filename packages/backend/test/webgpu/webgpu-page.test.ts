import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

describe.skipIf(executablePath === undefined)('webgpu in a page of Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'seg-webgpu-page-'));
  let server: Server;
  let browser: Browser;

  beforeAll(async () => {
    await build({
      entryPoints: [join(import.meta.dirname, 'page.ts')],
      outdir: folder,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'browser',
      conditions: ['@seg/source'],
      logLevel: 'error',
    });
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url!, 'http://page');
      if (pathname.endsWith('.js')) {
        response.setHeader('Content-Type', 'text/javascript').end(readFileSync(join(folder, pathname)));
      } else {
        response.setHeader('Content-Type', 'text/html').end('<script type="module" src="/page.js"></script>');
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // The software adapter, so that it runs the same with a GPU and without.
    const args = [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--enable-features=Vulkan',
      '--use-webgpu-adapter=swiftshader',
    ];
    browser = await chromium.launch({ executablePath: executablePath!, args });
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true });
  });

  test('conforms', { timeout: 300_000 }, async () => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => 'result' in globalThis);
    const found = (await page.evaluate(() => (globalThis as unknown as { result: Promise<unknown> }).result)) as {
      readonly error?: string;
      readonly description: string;
      readonly count: number;
      readonly wrong: readonly unknown[];
    };
    expect(found.error).toBeUndefined();
    expect(found.description).toMatch(/^webgpu: /);
    expect(found.wrong).toEqual([]);
    expect(found.count).toBeGreaterThan(120);
  });
});
