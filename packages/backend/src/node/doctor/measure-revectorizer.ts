import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { detectFeatures } from '../../runtime/features.ts';
import type { RevectorizerFinding } from './report.ts';

// The V8 flag holds for a whole process, so both builds are timed in processes of their own.
const program = `
const [entry, core, revectorize] = process.argv.slice(1);
const { startBackend } = await import(entry);
const tf = await import(core);
await startBackend({ name: 'wasm', revectorize: revectorize === 'true' });
const x = tf.randomNormal([1, 32, 32, 32, 32]);
const filter = tf.randomNormal([3, 3, 3, 32, 32]);
const run = () => { const start = performance.now(); tf.conv3d(x, filter, 1, 'same').dispose(); return performance.now() - start; };
for (let i = 0; i < 5; i++) run();
await new Promise((resolve) => setTimeout(resolve, 300));
console.log(Math.min(...Array.from({ length: 15 }, run)));
`;
const timeoutMs = 30_000;

/** Times a convolution with and without V8's revectorizer, in child processes; about two seconds. */
export async function measureRevectorizer(): Promise<RevectorizerFinding> {
  if (!detectFeatures().revectorizer) {
    return { available: false, gain: null, note: 'needs Node 24 or later on x64' };
  }
  try {
    const gain = (await timeConvolution(false)) / (await timeConvolution(true));
    const worth = gain > 1.1 ? 'an experimental feature of V8, off unless asked for' : 'brings nothing here';
    return { available: true, gain, note: worth };
  } catch (error) {
    return { available: false, gain: null, note: `does not run here: ${firstLine(error)}` };
  }
}

async function timeConvolution(revectorize: boolean): Promise<number> {
  const require = createRequire(import.meta.url);
  const entries = ['@seg/backend', '@tensorflow/tfjs-core'].map((name) => pathToFileURL(require.resolve(name)).href);
  const args = [...process.execArgv, '--input-type=module', '-e', program, ...entries, `${revectorize}`];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: timeoutMs });
  return Number(stdout);
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n').find((line) => line.includes('Error')) ?? text.split('\n')[0]!;
}
