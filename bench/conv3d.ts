// 3-D convolution: ours, stock tfjs (wasm and cpu, on smaller cubes) and PyTorch, forward and both gradients.
// node --conditions=@seg/source bench/conv3d.ts [--json] [--threads 2] [--repeat 7] [--revectorize] [--no-peers]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBackend } from '@seg/backend';
import { type ConvRow, measureConv } from './conv3d/measure.ts';
import { type ConvShape, oddShapes, shapes } from './conv3d/shapes.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    repeat: { type: 'string', default: '7' },
    revectorize: { type: 'boolean', default: false },
    'no-peers': { type: 'boolean', default: false },
  },
});
const threads = Number(options.threads);
const repeat = Number(options.repeat);
const warmup = 3;

const backend = await startBackend({ name: 'wasm', threads, revectorize: options.revectorize });
const name = `seg wasm ${backend.variant}`;
const rows: ConvRow[] = [];
const measureOurs = async (list: readonly ConvShape[]) => {
  for (const shape of list) {
    // V8 compiles a kernel's fast code in the background of its first calls.
    measureConv(name, threads, shape, 1, 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    rows.push(measureConv(name, threads, shape, repeat, warmup));
  }
};
await measureOurs([...shapes, ...oddShapes]);
backend.dispose();

const notes: string[] = [];
if (!options['no-peers']) {
  rows.push(
    ...childRows(process.execPath, [...process.execArgv, join(import.meta.dirname, 'conv3d/stock.ts'), 'wasm']),
  );
  rows.push(...childRows(process.execPath, [...process.execArgv, join(import.meta.dirname, 'conv3d/stock.ts'), 'cpu']));
  const peer = join(import.meta.dirname, '../../shared/peers/peer');
  if (existsSync(peer)) rows.push(...childRows(peer, ['conv3d', '--threads', `${threads}`, '--repeat', `${repeat}`]));
  else notes.push('PyTorch was not measured: ../shared/peers is not here');
}

if (options.json) for (const row of rows) console.log(JSON.stringify(row));
else printTable();
for (const note of notes) console.error(note);

function childRows(command: string, args: readonly string[]): ConvRow[] {
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 24 });
  if (status !== 0) {
    notes.push(`not measured (exit ${status}): ${command} ${args.join(' ')}\n${stderr}`);
    return [];
  }
  return stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as ConvRow] : []));
}

function printTable(): void {
  const peers = [...new Set(rows.map((row) => row.peer))].filter((peer) => peer !== name);
  const sameLayer = (a: ConvShape, b: ConvShape) =>
    a.cin === b.cin && a.cout === b.cout && a.kernel === b.kernel && a.stride === b.stride;
  console.log(`${backend.description}; GFLOP/s forward / input gradient / filter gradient, then ours over theirs`);
  for (const ours of rows.filter((row) => row.peer === name)) {
    const { size, cin, cout, kernel, stride } = ours.shape;
    const cells = [`${size}^3 ${cin}->${cout} k${kernel} s${stride}`.padEnd(22), rates(ours).padEnd(18)];
    for (const peer of peers) {
      const candidates = rows.filter((row) => row.peer === peer && sameLayer(row.shape, ours.shape));
      const theirs =
        candidates.find((row) => row.shape.size === size) ?? (peer.startsWith('torch') ? undefined : candidates[0]);
      if (theirs === undefined) continue;
      const at = theirs.shape.size === size ? '' : ` at ${theirs.shape.size}^3`;
      cells.push(`| ${peer}${at} ${rates(theirs)}: ${ratios(ours, theirs)} `);
    }
    console.log(cells.join(' '));
  }
}

function rates(row: ConvRow): string {
  const format = (x: number | null) => (x === null ? 'fails' : x < 10 ? x.toFixed(1) : x.toFixed(0));
  return [row.forward_gflops, row.grad_x_gflops, row.grad_w_gflops].map(format).join('/');
}

// Stock wasm's gradients leave out most of the sum or read past the end, so their times are no measure.
function ratios(a: ConvRow, b: ConvRow): string {
  const format = (x: number | null, y: number | null) =>
    x === null || y === null ? '-' : `${(x / y).toFixed(x < 10 * y ? 2 : 0)}x`;
  return [
    format(a.forward_gflops, b.forward_gflops),
    ...(b.peer.startsWith('tfjs wasm')
      ? ['wrong', 'wrong']
      : [format(a.grad_x_gflops, b.grad_x_gflops), format(a.grad_w_gflops, b.grad_w_gflops)]),
  ].join(' ');
}
