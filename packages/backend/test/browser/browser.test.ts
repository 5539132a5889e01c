import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const tfjsWasm = createRequire(import.meta.url).resolve(
  '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm',
);

interface Result {
  readonly error?: string;
  readonly name: string;
  readonly threads: number;
  readonly variant: string;
  readonly loss: number;
  readonly isolated: boolean;
}

describe.skipIf(executablePath === undefined)('in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'seg-browser-'));
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
      if (request.headers.referer?.includes('isolated') || pathname === '/isolated') {
        response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
        response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
      }
      if (pathname === '/tfjs.wasm') {
        response.setHeader('Content-Type', 'application/wasm').end(readFileSync(tfjsWasm));
      } else if (pathname.endsWith('.js')) {
        response.setHeader('Content-Type', 'text/javascript').end(readFileSync(join(folder, pathname)));
      } else {
        response.setHeader('Content-Type', 'text/html').end('<script type="module" src="/page.js"></script>');
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true });
  });

  async function visit(path: string): Promise<Result> {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    await page.waitForFunction(() => 'result' in globalThis);
    const result = await page.evaluate(() => (globalThis as unknown as { result: Promise<unknown> }).result);
    await page.close();
    return result as Result;
  }

  // An inner voxel of the kernel's gradient sums ones over the whole cube.
  const cube = 12 ** 3;

  test('a cross-origin isolated page gets threads', async () => {
    const result = await visit('/isolated');
    expect(result.error).toBeUndefined();
    expect(result.isolated).toBe(true);
    expect(result.threads).toBeGreaterThan(1);
    expect(result.loss).toBeCloseTo(cube, 1);
  });

  test('any other page runs on one thread', async () => {
    const result = await visit('/plain');
    expect(result.error).toBeUndefined();
    expect(result).toMatchObject({ name: 'wasm', threads: 1, isolated: false });
    expect(result.loss).toBeCloseTo(cube, 1);
  });
});
