import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ownRows } from '../children.ts';
import { peersFolder, pythonRows, torchRows } from '../peers.ts';
import { inRounds } from '../rounds.ts';
import { printRows, type UnetRow } from './rows.ts';

const size = 64;

/**
 * Measures one kind of work in batch 1 and 2 beside PyTorch in both layouts, and on a smaller cube beside stock tfjs;
 * prints a table or JSON lines. `fullFlags` go to the peer's run with the machine's full instruction set. Stock tfjs
 * would need minutes for one step at 64^3 (`--stock-size 64`); at the smaller size ours is measured too.
 */
export function benchmarkUnet(work: UnetRow['work'], fullFlags: readonly string[] = []): void {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      threads: { type: 'string', default: '2' },
      repeat: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '5' },
      'stock-size': { type: 'string', default: '32' },
      revectorize: { type: 'boolean', default: false },
      'no-peers': { type: 'boolean', default: false },
    },
  });
  const { threads, repeat } = options;
  const notes: string[] = [];
  const own = (file: string, args: readonly (string | number)[]) =>
    ownRows<UnetRow>(join(import.meta.dirname, file), [work, ...args.map(String)], notes);

  const builds = options.revectorize ? ['--revectorize'] : [];
  const isOurs = ({ peer, threads: count }: UnetRow) =>
    peer.startsWith('seg') && `${count}` === threads && (options.revectorize || !peer.endsWith('revec'));
  const stockSize = Number(options['stock-size']);
  // Short steps: V8 needs more of them to come to rest.
  const stockTimes = () =>
    [1, 2].flatMap((batch) => [
      ...(stockSize === size ? [] : own('ours.ts', [batch, stockSize, threads, 25, ...builds])),
      ...own('stock.ts', ['wasm', batch, stockSize]),
    ]);
  const rows = inRounds(Number(options.rounds), () => [
    ...[1, 2].flatMap((batch) => own('ours.ts', [batch, size, threads, repeat, ...builds])),
    ...(threads === '1' ? [] : own('ours.ts', [1, size, 1, 3, ...builds])),
    ...(options.revectorize ? [] : [1, 2].flatMap((batch) => revectorized(own, [batch, size, threads, repeat]))),
    ...(options['no-peers'] ? [] : torchTimes(work, fullFlags, threads, repeat, notes)),
    ...(options['no-peers'] ? [] : stockTimes()),
  ]);
  // A hundred times slower and more: the machine's drift is nothing beside that, so that once is enough.
  const slowest = options['no-peers'] ? [] : [1, 2].flatMap((batch) => own('stock.ts', ['cpu', batch, stockSize]));
  const memory = options['no-peers'] ? [] : torchMemory(work, threads, notes);
  const ours = rows.filter(isOurs);
  const others = [...rows.filter((row) => !isOurs(row)).map((row) => withMemory(row, memory)), ...slowest];
  if (options.json) for (const row of [...ours, ...others]) console.log(JSON.stringify(row));
  else printRows(ours, others);
  for (const note of new Set(notes)) console.error(note);
}

type OwnRows = (file: string, args: readonly (string | number)[]) => UnetRow[];

// An engine without the revectorizer runs the ordinary build once more, which is no row of its own.
function revectorized(own: OwnRows, args: readonly (string | number)[]): UnetRow[] {
  return own('ours.ts', [...args, '--revectorize']).filter(({ peer }) => peer.endsWith('revec'));
}

/** PyTorch in both layouts. */
function torchTimes(
  work: UnetRow['work'],
  fullFlags: readonly string[],
  threads: string,
  repeat: string,
  notes: string[],
): UnetRow[] {
  const rows = [
    ...torchRows<UnetRow>('unet-step', { threads, repeat, fullFlags }, notes),
    ...torchRows<UnetRow>('unet-step', { threads, repeat, flags: ['--channels-last'] }, notes),
  ];
  return rows.filter((row) => row.work === work);
}

type MemoryRow = Omit<UnetRow, 'ms'>;

/** Peak memory of processes that do PyTorch's work alone. */
function torchMemory(work: UnetRow['work'], threads: string, notes: string[]): MemoryRow[] {
  return ['1', '2'].flatMap((batch) =>
    ['contiguous', 'channels_last'].flatMap((layout) =>
      pythonRows<MemoryRow>(
        join(import.meta.dirname, 'torch-memory.py'),
        [peersFolder, work, batch, threads, layout],
        notes,
      ),
    ),
  );
}

function withMemory(row: UnetRow, memory: readonly MemoryRow[]): UnetRow {
  const own = memory.find(({ peer, batch }) => peer === row.peer && batch === row.batch);
  return own?.rss_mb === undefined ? row : { ...row, rss_mb: own.rss_mb };
}
