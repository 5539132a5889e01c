import { SegError } from '@seg/core';
import type { LoadedRun, LoadRunOptions, RunConfig } from '@seg/train/node';

const where = 'seg predict';

/**
 * Reads the configurations of the runs of an ensemble and sees that they segment the same thing.
 *
 * @returns that of the first run.
 * @throws SegError `invalid-argument` for runs that differ in channels or labels, or a run that is named twice.
 */
export async function readEnsembleConfig(runs: readonly string[]): Promise<RunConfig> {
  const { readRunConfig } = await import('@seg/train/node');
  const { realpath } = await import('node:fs/promises');
  const [first, ...others] = runs;
  const config = await readRunConfig(first!);
  const seen = new Map([[await realpath(first!), first!]]);
  for (const run of others) {
    const { data } = await readRunConfig(run);
    const other = seen.get(await realpath(run));
    if (other !== undefined) {
      const problem = `${other} and ${run} are the same run`;
      throw new SegError('invalid-argument', { where, problem, hint: 'Name each run of an ensemble once.' });
    }
    seen.set(await realpath(run), run);
    for (const what of ['channels', 'labels'] as const) {
      if (JSON.stringify(data[what]) === JSON.stringify(config.data[what])) continue;
      throw new SegError('invalid-argument', {
        where,
        problem: `${run} was trained on other ${what} than ${first}`,
        got: data[what],
        expected: config.data[what],
        hint: 'Runs of one ensemble must segment the same structures in the same channels, in the same order.',
      });
    }
  }
  return config;
}

/**
 * Loads all runs of an ensemble.
 *
 * @throws SegError `unsupported` for several samples of a run whose prediction is not random; otherwise as `loadRun`.
 */
export async function loadEnsemble(
  runs: readonly string[],
  options: LoadRunOptions & { readonly samples: number | undefined },
): Promise<readonly LoadedRun[]> {
  const { loadRun } = await import('@seg/train/node');
  const { samples = 1, ...rest } = options;
  const loaded: LoadedRun[] = [];
  try {
    for (const run of runs) {
      const one = await loadRun(run, rest);
      loaded.push(one);
      if (samples === 1 || one.predictor.sample !== undefined) continue;
      throw new SegError('unsupported', {
        where,
        problem: `the prediction of ${run} is not random (its network has no dropout): all samples would be the same`,
        got: `--samples ${samples}`,
        hint: 'Leave --samples out, train a network with dropout (--network vnet), or give several runs.',
      });
    }
  } catch (error) {
    for (const run of loaded) run.dispose();
    throw error;
  }
  return loaded;
}
