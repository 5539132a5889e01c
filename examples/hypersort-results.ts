// Measures HyperSORT and its baselines on label sets with known wrong labels, and writes the tables and figures of
// docs/reference/hypersort-results.md.
//
//   node --conditions=@seg/source examples/hypersort-results.ts --set hippocampus --data DATA/hippocampus --seeds 1,2,3
//   node --conditions=@seg/source examples/hypersort-results.ts --set hippocampus --data DATA/hippocampus --seeds 1,2,3 --plain-only
//   node --conditions=@seg/source examples/hypersort-results.ts --set hippocampus --data DATA/hippocampus --seeds 1,2,3 --more
//   node --conditions=@seg/source examples/hypersort-results.ts --set hippocampus --data DATA/hippocampus --trials
//   node --conditions=@seg/source examples/hypersort-results.ts --set left-atrium --data DATA/left-atrium --spoil DIR
//   node --conditions=@seg/source examples/hypersort-results.ts --set left-atrium --spoil DIR --score RUN
//   node --conditions=@seg/source examples/hypersort-results.ts --write
//
// Each (set, seed) is one training with its baselines; its numbers go to docs/reference/hypersort-results/SET-SEED.json
// and are not computed again; so do those of the trials of other settings. There is one plain U-Net to compare with;
// --plain-only trains as many as the diversity takes, and --more adds baselines that an older result lacks. --spoil makes
// a folder with wrong labels (and DIR-truth beside it) for `seg curate --data DIR --out RUN`; with --score it says how
// well that run has found them. --write makes the document from whatever numbers are there.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBackend } from '@seg/backend';
import { hasAllBaselines, withoutPseudoTruth } from './hypersort-results/baselines.ts';
import { scoreCuration, spoilFolder } from './hypersort-results/curation.ts';
import { readTrials, trialsFile, writeDocument } from './hypersort-results/document.ts';
import { CURATIONS, EXPERIMENTS, PILOT_SEED, PLAIN_NETWORKS, TRIALS } from './hypersort-results/experiments.ts';
import { measure, measureMore, measurePlain, measureTrial, type Result } from './hypersort-results/measure.ts';

const { values } = parseArgs({
  options: {
    set: { type: 'string' },
    data: { type: 'string' },
    seeds: { type: 'string', default: '1' },
    out: { type: 'string', default: join(import.meta.dirname, '..', 'docs', 'reference') },
    backend: { type: 'string', default: 'wasm' },
    threads: { type: 'string' },
    // Trains the map again and keeps the numbers of the baselines that do not depend on it; --more then adds the others.
    'map-only': { type: 'boolean', default: false },
    'plain-only': { type: 'boolean', default: false },
    more: { type: 'boolean', default: false },
    trials: { type: 'boolean', default: false },
    spoil: { type: 'string' },
    score: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const folder = join(values.out, 'hypersort-results');
mkdirSync(folder, { recursive: true });

if (values.set !== undefined) {
  const { set, spoil, score } = values;
  const known = Object.keys(spoil === undefined ? EXPERIMENTS : CURATIONS);
  if (!known.includes(set)) throw new Error(`--set is one of ${known.join(', ')}`);
  if (spoil !== undefined && score !== undefined) {
    const result = await scoreCuration(set, spoil, score);
    writeFileSync(join(folder, `curate-${set}-${result.seed}.json`), `${JSON.stringify(result, null, 1)}\n`);
  } else if (values.data === undefined) throw new Error('--set takes --data, the folder of that data set');
  else if (spoil !== undefined) await spoilFolder(set, values.data, spoil, Number(values.seeds));
  else {
    await startBackend({
      name: values.backend as 'wasm',
      ...(values.threads === undefined ? {} : { threads: Number(values.threads) }),
    });
    await (values.trials ? runTrials : measureSeeds)(set, values.data);
  }
}
if (values.write) await writeDocument(values.out, folder);

async function measureSeeds(set: string, data: string): Promise<void> {
  const experiment = EXPERIMENTS[set]!;
  const { backend, threads = 'default' } = values;
  for (const seed of values.seeds.split(',').map(Number)) {
    const file = join(folder, `${set}-${seed}.json`);
    const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result) : undefined;
    let result: Result;
    if (values['plain-only']) {
      if (known === undefined || known.baselines.plain.length >= PLAIN_NETWORKS) continue;
      result = await measurePlain(set, experiment, data, known);
    } else if (values.more) {
      if (known === undefined || hasAllBaselines(known.baselines)) continue;
      result = await measureMore(set, experiment, data, known);
    } else {
      if (known !== undefined && !values['map-only']) continue;
      result = await measure(
        set,
        experiment,
        { data, seed, backend, threads },
        known && withoutPseudoTruth(known.baselines),
      );
    }
    writeFileSync(file, `${JSON.stringify(result, null, 1)}\n`);
    console.log(JSON.stringify({ ...result, latents: undefined }, null, 1));
  }
}

async function runTrials(set: string, data: string): Promise<void> {
  for (const trial of TRIALS.filter((t) => t.set === set)) {
    if (readTrials(folder).some((done) => done.set === set && done.name === trial.name)) continue;
    const result = await measureTrial(trial, data, PILOT_SEED);
    // Read again: another set's trials may have been run meanwhile.
    writeFileSync(trialsFile(folder), `${JSON.stringify([...readTrials(folder), result], null, 1)}\n`);
  }
}
