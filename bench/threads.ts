// Two threads against one: the training step and the forward pass of the reference U-Net, and its convolutions; a ratio
// is the median of those of the turns.
// node --conditions=@seg/source bench/threads.ts [--json] [--threads 2] [--turns 31]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { jobLists } from './turns/jobs.ts';
import { ownPlayer, quantile, takeTurns } from './turns.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    turns: { type: 'string', default: '31' },
  },
});
const file = join(import.meta.dirname, 'turns/ours.ts');
const players = ['1', options.threads].map((threads) => ownPlayer(file, ['threads', threads]));
const [peer] = await Promise.all(players.map((player) => player.read()));
for (const [i, job] of jobLists.threads!.entries()) {
  const [single, several] = (await takeTurns(players, i, Number(options.turns))) as [number[], number[]];
  const ratios = single.map((ms, turn) => ms / several[turn]!);
  const row = {
    peer,
    ...job.about,
    threads: Number(options.threads),
    single_ms: quantile(single, 0.5),
    ms: quantile(several, 0.5),
    speedup: quantile(ratios, 0.5),
    speedup_low: quantile(ratios, 0.25),
    speedup_high: quantile(ratios, 0.75),
  };
  if (options.json) {
    console.log(JSON.stringify(row));
    continue;
  }
  const { work, batch, size, shape } = job.about;
  const what = shape === undefined ? `batch ${batch}, ${size}^3` : `${shape.size}^3 ${shape.cin}->${shape.cout}`;
  const times = `1 thread ${row.single_ms.toFixed(2)} ms, ${options.threads} threads ${row.ms.toFixed(2)} ms`;
  const spread = `half of the turns ${row.speedup_low.toFixed(2)} to ${row.speedup_high.toFixed(2)}x`;
  console.log(`${work}, ${what}: ${times}, ${row.speedup.toFixed(2)}x (${spread})`);
}
for (const player of players) player.end();
