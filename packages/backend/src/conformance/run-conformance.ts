import { checkOption } from '@seg/core';
import { convCases } from './cases/conv-cases.ts';
import { lossCases } from './cases/loss-cases.ts';
import { normCases } from './cases/norm-cases.ts';
import { poolCases } from './cases/pool-cases.ts';
import { tfjsCases } from './cases/tfjs-cases.ts';
import { unusedCases } from './cases/unused-cases.ts';
import { type ConformanceResult, checkCase } from './check-case.ts';
import type { ConformanceCase, ConformanceGroup } from './conformance-case.ts';

/** Groups of cases, in the order in which they run. */
export const conformanceGroups = ['ops', 'tfjs', 'unused'] as const;

export interface ConformanceOptions {
  /** Called after each case. */
  readonly onResult?: (result: ConformanceResult) => void;
  /**
   * `ops`: the ops of @seg/ops; `tfjs`: the ops of tfjs that these packages use; `unused`: some that they avoid, because
   * a backend gets them wrong. Default: `ops` and `tfjs`, of which every case must be ok.
   */
  readonly groups?: readonly ConformanceGroup[];
}

/**
 * Runs the ops that a 3-D network needs, forward and backward, on the current backend, and compares them with float64
 * loops and their central differences: batch 2, odd sizes, stride 2, anisotropic windows.
 *
 * The gradient is that of a random linear function of the output. An error is the largest difference relative to the
 * largest value; up to 1e-4 is ok. Nothing is thrown for what the backend does; tensors do not accumulate.
 *
 * @throws SegError `unknown-option` for another group.
 * @example
 * await startBackend();
 * const bad = (await runConformance()).filter(({ forward, gradient }) => forward !== 'ok' || gradient === 'wrong');
 */
export async function runConformance(options: ConformanceOptions = {}): Promise<ConformanceResult[]> {
  const { onResult, groups = ['ops', 'tfjs'] } = options;
  for (const group of groups) checkOption('runConformance', 'groups', group, conformanceGroups);
  const results: ConformanceResult[] = [];
  for (const test of allCases().filter(({ group }) => groups.includes(group))) {
    const result = await checkCase(test);
    results.push(result);
    onResult?.(result);
  }
  return results;
}

/** Whether a result is as it should be: right forward and backward, nothing left behind. */
export function conforms({ forward, gradient, leaked }: ConformanceResult): boolean {
  return forward === 'ok' && (gradient === 'ok' || gradient === 'none') && leaked === 0;
}

function allCases(): ConformanceCase[] {
  return [convCases, normCases, poolCases, lossCases, tfjsCases, unusedCases].flatMap((make) => make());
}
