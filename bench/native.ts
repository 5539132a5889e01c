// The native backends beside wasm and PyTorch: training step and forward pass of the reference U-Net, norm with leaky
// ReLU and max-pooling forward and backward at [N,64,64,64,32].
// node --conditions=@seg/source bench/native.ts [--json] [--threads 2] [--repeat 5] [--backends tensorflow,wasm] [--batch 1,2] [--work unet,layers] [--no-peers]
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { childRows, peerRows } from './unet/rows.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    repeat: { type: 'string', default: '5' },
    backends: { type: 'string', default: 'tensorflow,wasm' },
    batch: { type: 'string', default: '1,2' },
    work: { type: 'string', default: 'unet,layers' },
    'no-peers': { type: 'boolean', default: false },
  },
});
const { threads, repeat } = options;
const batches = options.batch.split(',');
const work = options.work.split(',');
const notes: string[] = [];
const ours = join(import.meta.dirname, 'native/ours.ts');
const rows = options.backends
  .split(',')
  .flatMap((name) =>
    work.flatMap((kind) =>
      batches.flatMap((batch) =>
        childRows(process.execPath, [...process.execArgv, ours, name, threads, repeat, kind, batch], notes),
      ),
    ),
  );
if (!options['no-peers']) {
  if (work.includes('unet')) {
    for (const layout of [[], ['--channels-last']]) {
      rows.push(...peerRows(['--threads', threads, '--repeat', repeat, ...layout], notes));
    }
  }
  const python = join(process.env.SEG_PEERS_VENV ?? join(homedir(), '.cache/seg-peers'), 'bin/python');
  const layers = join(import.meta.dirname, 'native/torch-layers.py');
  if (!work.includes('layers')) notes.push('layers were not measured');
  else if (!existsSync(python)) notes.push('PyTorch was not measured: the environment of ../shared/peers is not here');
  else for (const batch of batches) rows.push(...childRows(python, [layers, threads, repeat, batch], notes));
}

if (options.json) for (const row of rows) console.log(JSON.stringify(row));
else {
  for (const row of rows.filter(({ peer }) => peer.startsWith('seg'))) {
    const memory = row.rss_mb === undefined ? '' : `, peak ${row.rss_mb.toFixed(0)} MB`;
    console.log(`${row.work}, batch ${row.batch}, ${row.peer}: ${row.ms.toFixed(0)} ms${memory}`);
    const others = rows.filter((r) => !r.peer.startsWith('seg') && r.work === row.work && r.batch === row.batch);
    for (const { peer, ms } of others)
      console.log(`  ${peer}: ${ms.toFixed(0)} ms, ${(ms / row.ms).toFixed(2)} times ours`);
  }
}
for (const note of notes) console.error(note);
