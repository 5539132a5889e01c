// Fused layers, forward and backward: norm with leaky ReLU, max-pooling, trilinear resizing, the loss; ours on two threads
// and on one, PyTorch in both memory layouts.
// node --conditions=@seg/source bench/layers.ts [--json] [--threads 2] [--repeat 15] [--revectorize] [--no-peers]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ownRows } from './children.ts';
import type { LayerRow } from './layers/ours.ts';
import { printLayers } from './layers/print.ts';
import { pythonRows } from './peers.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    repeat: { type: 'string', default: '15' },
    revectorize: { type: 'boolean', default: false },
    'no-peers': { type: 'boolean', default: false },
  },
});
const { threads, repeat } = options;
const notes: string[] = [];
const flags = options.revectorize ? ['--revectorize'] : [];
const own = (count: string) =>
  ownRows<LayerRow>(join(import.meta.dirname, 'layers/ours.ts'), ['wasm', count, repeat, '1', ...flags], notes);
const ours = own(threads);
const others = threads === '1' ? [] : own('1');
if (!options['no-peers']) {
  others.push(
    ...pythonRows<LayerRow>(join(import.meta.dirname, 'layers/torch-layers.py'), [threads, repeat, '1'], notes),
  );
}

if (options.json) for (const row of [...ours, ...others]) console.log(JSON.stringify(row));
else printLayers(ours, others);
for (const note of notes) console.error(note);
