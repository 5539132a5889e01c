// Reading a 256 x 256 x 180 int16 NIfTI image with slope and intercept to float32: ours and nibabel's.
// node --conditions=@seg/source bench/io.ts [--json] [--repeat 15] [--rounds 3] [--no-peers]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { affineFromSpacing, createVolume, type Triple } from '@seg/core';
import { readVolume, writeNifti } from '@seg/io/node';
import { bestRows } from './rounds.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    repeat: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '3' },
    'no-peers': { type: 'boolean', default: false },
  },
});

interface Row {
  readonly peer: string;
  readonly work: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly ms: number;
}

/** z, y, x; the values are those of the peer program. */
const shape: Triple = [180, 256, 256];
const [slope, intercept] = [0.5, -3];

function rampVolume(): Float32Array {
  const values = new Float32Array(shape[0] * shape[1] * shape[2]);
  let i = 0;
  for (let z = 0; z < shape[0]; z++) {
    for (let y = 0; y < shape[1]; y++) {
      for (let x = 0; x < shape[2]; x++) {
        values[i++] = ((((z * 31 + y * 17 + x * 7) ^ (z * y + x)) % 4096) - 1024) * slope + intercept;
      }
    }
  }
  return values;
}

async function medianMs(work: () => Promise<unknown>): Promise<number> {
  await work();
  const times: number[] = [];
  for (let i = 0; i < Number(options.repeat); i++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}

async function ownRows(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'seg-bench-'));
  try {
    const volume = createVolume(rampVolume(), shape, { affine: affineFromSpacing([1, 1, 1]) });
    const into = new Float32Array(volume.data.length);
    const rows: Row[] = [];
    for (const suffix of ['.nii', '.nii.gz']) {
      const path = join(folder, `ramp${suffix}`);
      // Level 1, as nibabel writes its own file.
      await writeNifti(path, volume, { dtype: 'int16', slope, intercept, compressionLevel: 1 });
      const bytes = (await stat(path)).size;
      const row = (peer: string, ms: number): Row => ({
        peer,
        work: `read${suffix}`,
        shape: [...shape].reverse(),
        bytes,
        ms,
      });
      rows.push(row('seg io, same memory', await medianMs(() => readVolume(path, { into }))));
      rows.push(row('seg io, fresh memory', await medianMs(() => readVolume(path))));
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function peerRows(): Row[] {
  const program = join(import.meta.dirname, '../../shared/peers/peer');
  if (options['no-peers'] || !existsSync(program)) return [];
  const result = spawnSync(program, ['image', '--repeat', options.repeat], { encoding: 'utf8' });
  return result.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Row)
    .filter(({ work }) => work.startsWith('read'));
}

const measured: Row[] = [];
for (let round = 0; round < Number(options.rounds); round++) measured.push(...(await ownRows()), ...peerRows());
const rows = bestRows(measured);
const peers = rows.filter(({ peer }) => !peer.startsWith('seg'));
for (const row of rows) {
  if (options.json) {
    console.log(JSON.stringify(row));
    continue;
  }
  const peer = peers.find(({ work }) => work === row.work);
  const ratio = peer === undefined || peer === row ? '' : `${(row.ms / peer.ms).toFixed(2)} of ${peer.peer}'s time`;
  console.log(`${row.work.padEnd(14)} ${row.peer.padEnd(24)} ${row.ms.toFixed(1).padStart(8)} ms  ${ratio}`);
}
