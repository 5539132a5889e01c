// The native backends beside wasm and PyTorch: training step and forward pass of the reference U-Net, and the layers of
// bench/layers.ts.
// node --conditions=@seg/source bench/native.ts [--json] [--threads 2] [--repeat 5] [--backends tensorflow,wasm] [--batch 1,2] [--work unet,layers] [--no-peers]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ownRows } from './children.ts';
import type { LayerRow } from './layers/ours.ts';
import { printLayers } from './layers/print.ts';
import { pythonRows, torchRows } from './peers.ts';
import { printRows, type UnetRow } from './unet/rows.ts';

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
const backends = options.backends.split(',');
const notes: string[] = [];
const here = (file: string) => join(import.meta.dirname, file);
const measure = <Row>(file: string) =>
  backends.flatMap((name) =>
    batches.flatMap((batch) => ownRows<Row>(here(file), [name, threads, repeat, batch], notes)),
  );

if (options.work.includes('unet')) {
  const ours = measure<UnetRow>('native/ours.ts');
  const peers = options['no-peers']
    ? []
    : [[], ['--channels-last']].flatMap((flags) => torchRows<UnetRow>('unet-step', { threads, repeat, flags }, notes));
  if (options.json) print([...ours, ...peers]);
  else {
    for (const work of ['unet-step', 'unet-forward'] as const) {
      const of = (rows: readonly UnetRow[]) => rows.filter((row) => row.work === work);
      console.log(work);
      printRows(of(ours), of(peers));
    }
  }
}
if (options.work.includes('layers')) {
  const ours = measure<LayerRow>('layers/ours.ts');
  const peers = options['no-peers']
    ? []
    : batches.flatMap((batch) => pythonRows<LayerRow>(here('layers/torch-layers.py'), [threads, repeat, batch], notes));
  if (options.json) print([...ours, ...peers]);
  else printLayers(ours, peers);
}
for (const note of notes) console.error(note);

function print(rows: readonly object[]): void {
  for (const row of rows) console.log(JSON.stringify(row));
}
