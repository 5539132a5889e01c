import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Rng } from '@seg/core';
import { imageInfo } from '../../src/node/index.ts';
import { fuzzSeeds, mutate } from './mutate.ts';

export interface FuzzResult {
  readonly values: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** Messages of errors that were no SegError. */
  readonly crashes: readonly string[];
}

const codes = ['corrupt-data', 'unsupported', 'limit-exceeded', 'not-found'];

/** Reads `count` damaged files out of `folder`; every one must give a description or a SegError. */
export async function runFuzz(folder: string, count: number, seed: number): Promise<FuzzResult> {
  const rng = Rng.fromSeed(seed);
  const seeds = fuzzSeeds();
  const refusals: Record<string, number> = {};
  const crashes: string[] = [];
  let values = 0;
  let slowestMs = 0;
  for (let i = 0; i < count; i++) {
    const file = seeds[rng.integer(seeds.length)]!;
    const path = join(folder, file.name);
    writeFileSync(path, mutate(file, rng));
    if (file.other !== undefined) {
      const { name, bytes } = file.other;
      const damaged = rng.integer(3) === 0 ? mutate({ name, bytes, headerBytes: 560 }, rng) : bytes;
      writeFileSync(join(folder, name), damaged);
    }
    const start = performance.now();
    const info = await imageInfo(path);
    slowestMs = Math.max(slowestMs, performance.now() - start);
    if (!('error' in info)) {
      values++;
      continue;
    }
    const { code, message } = info.error;
    refusals[code] = (refusals[code] ?? 0) + 1;
    if (!codes.includes(code)) crashes.push(`file ${i} of seed ${seed}: ${code}: ${message}`);
  }
  return { values, refusals, slowestMs, crashes };
}
