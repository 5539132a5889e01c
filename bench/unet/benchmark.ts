import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ownRows } from '../children.ts';
import { peersFolder, pythonRows, torchRows } from '../peers.ts';
import { printRows, type UnetRow } from './rows.ts';

const size = 64;
// Stock tfjs would need minutes for one step at 64^3; both are measured at this size, so that nothing is extrapolated.
const smallSize = 32;

/**
 * Measures one kind of work in batch 1 and 2 beside PyTorch in both layouts, and on a smaller cube beside stock tfjs;
 * prints a table or JSON lines. `fullFlags` go to the peer's run with the machine's full instruction set.
 */
export function benchmarkUnet(work: UnetRow['work'], fullFlags: readonly string[] = []): void {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      threads: { type: 'string', default: '2' },
      repeat: { type: 'string', default: '5' },
      revectorize: { type: 'boolean', default: false },
      'no-peers': { type: 'boolean', default: false },
    },
  });
  const { threads, repeat } = options;
  const notes: string[] = [];
  const own = (file: string, args: readonly (string | number)[]) =>
    ownRows<UnetRow>(join(import.meta.dirname, file), [work, ...args.map(String)], notes);

  const builds = options.revectorize ? ['--revectorize'] : [];
  const ours = [1, 2].flatMap((batch) => own('ours.ts', [batch, size, threads, repeat, ...builds]));
  const others = threads === '1' ? [] : own('ours.ts', [1, size, 1, 3, ...builds]);
  if (!options.revectorize) {
    const rows = [1, 2].flatMap((batch) => own('ours.ts', [batch, size, threads, repeat, '--revectorize']));
    // An engine without the revectorizer runs the ordinary build once more.
    others.push(...rows.filter(({ peer }) => peer !== ours[0]?.peer));
  }
  if (!options['no-peers']) {
    // Short steps: V8 needs more of them to come to rest.
    ours.push(...own('ours.ts', [1, smallSize, threads, 25, ...builds]));
    others.push(...own('stock.ts', [smallSize]), ...peers(work, fullFlags, threads, repeat, notes));
  }
  if (options.json) for (const row of [...ours, ...others]) console.log(JSON.stringify(row));
  else printRows(ours, others);
  for (const note of notes) console.error(note);
}

/** PyTorch in both layouts, with the peak memory of processes that do this work alone. */
function peers(
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
  const memory = ['1', '2'].flatMap((batch) =>
    ['contiguous', 'channels_last'].flatMap((layout) =>
      pythonRows<Omit<UnetRow, 'ms'>>(
        join(import.meta.dirname, 'torch-memory.py'),
        [peersFolder, work, batch, threads, layout],
        notes,
      ),
    ),
  );
  return rows
    .filter((row) => row.work === work)
    .map((row) => {
      const own = memory.find(({ peer, batch }) => peer === row.peer && batch === row.batch);
      return own?.rss_mb === undefined ? row : { ...row, rss_mb: own.rss_mb };
    });
}
