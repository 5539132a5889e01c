// Child process of bench/threads.ts: runs the job whose number it is told, once a line, and answers with milliseconds.
// node --conditions=@seg/source bench/threads/child.ts THREADS
import { createInterface } from 'node:readline';
import { startBackend } from '@seg/backend';
import { jobs } from './jobs.ts';

const backend = await startBackend({ name: 'wasm', threads: Number(process.argv[2]) });
console.log(backend.variant);
let current = -1;
let work: { run(): void; dispose(): void } | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  const index = Number(line);
  if (index !== current) {
    work?.dispose();
    work = jobs[index]!.start();
    current = index;
  }
  const start = performance.now();
  for (let i = 0; i < jobs[index]!.runs; i++) work!.run();
  console.log((performance.now() - start) / jobs[index]!.runs);
}
