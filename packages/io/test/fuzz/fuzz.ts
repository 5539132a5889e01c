// More damaged files than the tests read: node --conditions=@seg/source packages/io/test/fuzz/fuzz.ts [--files 100000] [--seed 1]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runFuzz } from './run-fuzz.ts';

const { values } = parseArgs({ options: { files: { type: 'string', default: '100000' }, seed: { type: 'string' } } });
const folder = mkdtempSync(join(tmpdir(), 'seg-fuzz-'));
try {
  const result = await runFuzz(folder, Number(values.files), Number(values.seed ?? 1));
  console.log({ ...result, maxRssMb: Math.round(process.resourceUsage().maxRSS / 1024) });
  if (result.crashes.length > 0 || result.slowestMs > 2000) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
