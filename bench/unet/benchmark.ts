import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { childRows, peerRows, printRows, type UnetRow } from './rows.ts';

/** Measures one kind of work in batch 1 and 2, each in a process of its own, and prints a table or JSON lines. */
export async function benchmarkUnet(work: UnetRow['work'], peers: readonly (readonly string[])[]): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      threads: { type: 'string', default: '2' },
      repeat: { type: 'string', default: '7' },
      revectorize: { type: 'boolean', default: false },
      'no-peers': { type: 'boolean', default: false },
    },
  });
  const { threads, repeat } = options;
  const notes: string[] = [];
  const node = (file: string, args: readonly string[]) =>
    childRows(process.execPath, [...process.execArgv, join(import.meta.dirname, file), work, ...args], notes);
  const flags = options.revectorize ? ['--revectorize'] : [];
  const rows = ['1', '2'].flatMap((batch) => node('ours.ts', [batch, threads, repeat, ...flags]));
  if (!options['no-peers']) {
    rows.push(...node('stock.ts', []));
    for (const flags of peers) rows.push(...peerRows(['--threads', threads, '--repeat', repeat, ...flags], notes));
  }
  const wanted = rows.filter((row) => row.work === work);
  if (options.json) for (const row of wanted) console.log(JSON.stringify(row));
  else printRows(wanted, work);
  for (const note of notes) console.error(note);
}
