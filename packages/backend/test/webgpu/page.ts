// Bundled for webgpu-page.test.ts: the conformance suite on webgpu in a page.
import { conforms, runConformance, startBackend } from '../../src/index.ts';

async function run() {
  const backend = await startBackend({ name: 'webgpu' });
  const results = await runConformance();
  return { description: backend.description, count: results.length, wrong: results.filter((r) => !conforms(r)) };
}

(globalThis as unknown as { result: Promise<unknown> }).result = run().catch((error: Error) => ({
  error: error.message,
}));
