// Resampling 128^3 to 200^3 voxels: ours and SciPy's zoom.
// node --conditions=@seg/source bench/resample.ts [--json] [--repeat 7] [--no-peers]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createVolume, type Triple } from '@seg/core';
import { type Interpolation, resample } from '@seg/io';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    repeat: { type: 'string', default: '7' },
    'no-peers': { type: 'boolean', default: false },
  },
});

interface Row {
  readonly peer: string;
  readonly work: string;
  readonly sizes?: readonly number[];
  readonly ms: number;
}

const [from, to] = [128, 200];
const works: readonly (readonly [string, Interpolation])[] = [
  ['zoom0', 'nearest'],
  ['zoom1', 'linear'],
  ['zoom3', 'cubic'],
];
const shape: Triple = [to, to, to];
const ramp = Float32Array.from({ length: from ** 3 }, (_, i) => ((i * 7919) % 2048) - 1024);
const volume = createVolume(ramp, [from, from, from]);

const rows: Row[] = works.map(([work, interpolation]) => {
  const times = Array.from({ length: Number(options.repeat) + 2 }, () => {
    const start = performance.now();
    resample(volume, { shape }, { interpolation });
    return performance.now() - start;
  });
  return { peer: 'seg io', work, sizes: [from, to], ms: median(times.slice(2)) };
});

if (!options['no-peers']) rows.push(...peerRows());
for (const row of rows) {
  if (options.json) console.log(JSON.stringify(row));
  else {
    const ours = rows.find(({ peer, work }) => peer === 'seg io' && work === row.work)!;
    const ratio = row === ours ? '' : `  ours is ${(row.ms / ours.ms).toFixed(1)}x as fast`;
    console.log(`${row.peer.padEnd(14)} ${row.work}  ${row.ms.toFixed(1).padStart(8)} ms${ratio}`);
  }
}

function peerRows(): Row[] {
  const peer = join(import.meta.dirname, '../../shared/peers/peer');
  if (!existsSync(peer)) {
    console.error('SciPy was not measured: ../shared/peers is not here');
    return [];
  }
  const { stdout, stderr, status } = spawnSync(peer, ['image', '--repeat', options.repeat], { encoding: 'utf8' });
  if (status !== 0) {
    console.error(`SciPy was not measured (exit ${status}):\n${stderr}`);
    return [];
  }
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Row).filter(({ work }) => works.some(([name]) => name === work));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
