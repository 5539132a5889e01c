// Fused layers, forward and backward: norm with leaky ReLU, max-pooling, trilinear resizing, the loss; ours on two threads
// and on one, PyTorch in both memory layouts.
// node --conditions=@seg/source bench/layers.ts [--json] [--threads 2] [--repeat 15] [--rounds 5] [--revectorize] [--no-peers]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ownRows } from './children.ts';
import type { LayerRow } from './layers/ours.ts';
import { printLayers } from './layers/print.ts';
import { pythonRows } from './peers.ts';
import { inRounds } from './rounds.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    repeat: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '5' },
    revectorize: { type: 'boolean', default: false },
    'no-peers': { type: 'boolean', default: false },
  },
});
const { threads, repeat } = options;
const notes: string[] = [];
const flags = options.revectorize ? ['--revectorize'] : [];
const own = (count: string) =>
  ownRows<LayerRow>(join(import.meta.dirname, 'layers/ours.ts'), ['wasm', count, repeat, '1', ...flags], notes);
const torch = () =>
  pythonRows<LayerRow>(join(import.meta.dirname, 'layers/torch-layers.py'), [threads, repeat, '1'], notes);
const rows = inRounds(Number(options.rounds), () => [
  ...own(threads),
  ...(threads === '1' ? [] : own('1')),
  ...(options['no-peers'] ? [] : torch()),
]);
const isOurs = (row: LayerRow) => row.peer.startsWith('seg') && `${row.threads}` === threads;
const ours = rows.filter(isOurs);
const others = rows.filter((row) => !isOurs(row));

if (options.json) for (const row of [...ours, ...others]) console.log(JSON.stringify(row));
else printLayers(ours, others);
for (const note of new Set(notes)) console.error(note);
