// A player of bench/turns.ts: our backend.
// node --conditions=@seg/source bench/turns/ours.ts LIST THREADS [--revectorize]
import { createInterface } from 'node:readline';
import { startBackend } from '@seg/backend';
import { quantile, turnMs } from '../turns.ts';
import { jobLists } from './jobs.ts';

const [list, threads] = process.argv.slice(2) as [string, string];
const jobs = jobLists[list]!;
const revectorize = process.argv.includes('--revectorize');
const backend = await startBackend({ name: 'wasm', threads: Number(threads), revectorize });
console.log(`seg wasm ${backend.variant}`);
let current = -1;
let work: { run(): void; dispose(): void } | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  const index = Number(line);
  if (index !== current) {
    work?.dispose();
    work = jobs[index]!.start();
    current = index;
  }
  const times: number[] = [];
  for (let total = 0; total < turnMs || times.length < jobs[index]!.runs; total += times.at(-1)!) {
    const start = performance.now();
    work!.run();
    times.push(performance.now() - start);
  }
  console.log(quantile(times, 0.5));
}
