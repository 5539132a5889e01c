// 3-D convolution: ours on two threads and on one, stock tfjs (wasm and cpu, on smaller cubes) and PyTorch, forward and
// both gradients. Ours and PyTorch take turns for each of them; times are those of each one's least disturbed turn, which
// is a median itself.
// node --conditions=@seg/source bench/conv3d.ts [--json] [--threads 2] [--turns 11] [--revectorize] [--no-peers]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ownRows } from './children.ts';
import { type ConvRow, convRow } from './conv3d/measure.ts';
import { type ConvShape, oddPairs, shapes } from './conv3d/shapes.ts';
import { pythonPlayers } from './peers.ts';
import { convShapes, directions, fewestRuns } from './turns/jobs.ts';
import { ownPlayer, type Player, takeTurns, turnMs } from './turns.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    turns: { type: 'string', default: '11' },
    revectorize: { type: 'boolean', default: false },
    'no-peers': { type: 'boolean', default: false },
  },
});
const { threads } = options;
const notes: string[] = [];
const here = (file: string) => join(import.meta.dirname, file);
const flags = options.revectorize ? ['--revectorize'] : [];

interface Contestant {
  readonly name: string;
  readonly threads: number;
  readonly player: Player;
}

const isOurs = (row: ConvRow) => row.peer.startsWith('seg') && `${row.threads}` === threads;
const rows = await measureInTurns();
const ours = rows.filter(isOurs);
const others = rows.filter((row) => !isOurs(row));
if (!options['no-peers']) {
  for (const name of ['wasm', 'cpu']) others.push(...ownRows<ConvRow>(here('conv3d/stock.ts'), [name], notes));
}

if (options.json) for (const row of [...ours, ...others]) console.log(JSON.stringify(row));
else {
  console.log('GFLOP/s forward / input gradient / filter gradient, then ours over theirs');
  for (const row of ours) printRow(row);
  printOddPairs();
}
for (const note of new Set(notes)) console.error(note);

async function measureInTurns(): Promise<ConvRow[]> {
  const ours = (threads === '1' ? ['1'] : [threads, '1']).map((count) => ({
    threads: Number(count),
    player: ownPlayer(here('turns/ours.ts'), ['conv3d', count, ...flags]),
  }));
  const args = [threads, `${fewestRuns}`, `${turnMs}`, JSON.stringify(shapes)];
  const torch = options['no-peers'] ? [] : pythonPlayers(here('conv3d/torch-turns.py'), args, notes);
  const contestants: Contestant[] = [];
  for (const { player, ...own } of ours) contestants.push({ name: await player.read(), player, threads: own.threads });
  for (const { mark, player } of torch) {
    try {
      contestants.push({ name: `${await player.read()}${mark}`, player, threads: Number(threads) });
    } catch (error) {
      notes.push(`not measured: ${(error as Error).message}`);
    }
  }
  const measured: ConvRow[] = [];
  for (const [i, shape] of convShapes.entries()) {
    // Odd shapes are compared with their even neighbours only.
    const present = i < shapes.length ? contestants : contestants.slice(0, ours.length);
    const times: number[][] = present.map(() => []);
    for (const k of directions.keys()) {
      const turns = await takeTurns(
        present.map(({ player }) => player),
        i * directions.length + k,
        Number(options.turns),
      );
      turns.forEach((values, who) => {
        times[who]!.push(Math.min(...values));
      });
    }
    measured.push(...present.map(({ name, threads: count }, who) => convRow(name, count, shape, times[who]!)));
  }
  for (const { player } of contestants) player.end();
  return measured;
}

function printRow(row: ConvRow): void {
  console.log(`${title(row.shape).padEnd(24)} ${row.peer}, ${row.threads} threads: ${rates(row)}`);
  const labels = new Set(others.map(label));
  for (const peer of labels) {
    const candidates = others.filter((r) => label(r) === peer && sameLayer(r.shape, row.shape));
    // Stock tfjs would need minutes and runs on smaller cubes.
    const sameSize = candidates.find((r) => `${r.shape.size}` === `${row.shape.size}`);
    const theirs =
      sameSize ?? (peer.startsWith('tfjs') && typeof row.shape.size === 'number' ? candidates[0] : undefined);
    if (theirs === undefined) continue;
    const at = theirs === sameSize ? '' : ` at ${theirs.shape.size}^3`;
    console.log(`${' '.repeat(25)}${`${peer}${at}`.padEnd(34)} ${rates(theirs).padEnd(14)} ${ratios(row, theirs)}`);
  }
}

/** Odd sizes and channels over their even neighbours, as rates. */
function printOddPairs(): void {
  for (const [odd, ...neighbours] of oddPairs) {
    const find = (shape: ConvShape) => ours.find((row) => title(row.shape) === title(shape));
    for (const even of neighbours) {
      const [a, b] = [find(odd), find(even)];
      if (a !== undefined && b !== undefined) console.log(`rate of ${title(odd)} over ${title(even)}: ${ratios(a, b)}`);
    }
  }
}

function title({ size, cin, cout, kernel, stride }: ConvShape): string {
  return `${typeof size === 'number' ? `${size}^3` : size.join('x')} ${cin}->${cout} k${kernel} s${stride}`;
}

function label(row: ConvRow): string {
  return row.peer.startsWith('seg') ? `${row.peer}, ${row.threads} thread` : row.peer;
}

function sameLayer(a: ConvShape, b: ConvShape): boolean {
  return a.cin === b.cin && a.cout === b.cout && a.kernel === b.kernel && a.stride === b.stride;
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
