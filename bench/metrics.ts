/**
 * Surface metrics, connected components and distance transforms beside SciPy, MONAI, MedPy and surface-distance.
 *
 *   node --conditions=@seg/source bench/metrics.ts [--json] [--repeat 9] [--peers DIR]
 *
 * Masks are those of the peers (a bumpy ball from integers only). Peers are run if their programs are found in
 * ../shared/peers or DIR; without them there are times but no ratios.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { assd, distanceTransform, hd95, labelComponents, surfaceDice, surfaceDistances } from '@seg/metrics';

interface Row {
  readonly peer: string;
  readonly work: string;
  readonly ms: number;
  readonly [field: string]: unknown;
}

const { values: args } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    repeat: { type: 'string', default: '9' },
    peers: { type: 'string' },
  },
});
const repeat = Number(args.repeat);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const peers = resolve(args.peers ?? join(root, '../shared/peers'));

/** A bumpy ball, (z, y, x); the formula is that of the peers. */
function blobMask(size: number, shift = 0): Uint8Array {
  const mask = new Uint8Array(size ** 3);
  const centre = size >> 1;
  let i = 0;
  for (let z = 0; z < size; z++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const bump = ((z * 7 + y * 13 + x * 29) >> 2) % Math.max(size >> 3, 1);
        const squared = (z - centre - shift) ** 2 + (y - centre) ** 2 + (x - centre) ** 2;
        mask[i++] = 32 * squared <= (2 * size - bump) ** 2 ? 1 : 0;
      }
    }
  }
  return mask;
}

/** The ball with the pattern of the peers' ramp volume cut out of it. */
function patternedMask(size: number): Uint8Array {
  const mask = blobMask(size);
  let i = 0;
  for (let z = 0; z < size; z++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++, i++) {
        if ((((z * 31 + y * 17 + x * 7) ^ (z * y + x)) & 4095) - 1024 <= -600) mask[i] = 0;
      }
    }
  }
  return mask;
}

function median(work: () => unknown): number {
  // Optimised code is there after a few calls.
  for (let i = 0; i < 8; i++) work();
  const times: number[] = [];
  for (let i = 0; i < repeat; i++) {
    const start = performance.now();
    work();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[repeat >> 1]!;
}

function ourRows(): Row[] {
  const peer = 'seg metrics';
  const [prediction, reference] = [blobMask(128), blobMask(128, 3)];
  const grid = { shape: [128, 128, 128], spacingMm: [1.5, 1, 1] };
  const surface = (convention: 'monai' | 'deepmind') => () => {
    const distances = surfaceDistances(prediction, reference, { ...grid, convention });
    const average = convention === 'monai' ? 'pooled' : 'meanOfMeans';
    return { hd95: hd95(distances), assd: assd(distances, { average }), nsd: surfaceDice(distances, 1) };
  };
  const rows: Row[] = [
    { peer, work: 'surface-metrics', size: 128, ms: median(surface('monai')), ...surface('monai')() },
    { peer, work: 'surfel-metrics', size: 128, ms: median(surface('deepmind')), ...surface('deepmind')() },
  ];
  const patterned = patternedMask(256);
  for (const connectivity of [6, 26] as const) {
    const label = () => labelComponents(patterned, { shape: [256, 256, 256], connectivity });
    rows.push({ peer, work: `label${connectivity}`, size: 256, components: label().count, ms: median(label) });
  }
  // The peer's time includes making the mask, so ours does too.
  const edt = () => distanceTransform(blobMask(128), { shape: [128, 128, 128] });
  rows.push({ peer, work: 'edt', size: 128, ms: median(edt) });
  return rows;
}

function peerRows(name: string): Row[] {
  if (!existsSync(join(peers, 'peer'))) return [];
  try {
    const output = execFileSync(join(peers, 'peer'), [name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 24,
    });
    const rows = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
    return rows.filter(({ work, ms }) => ms !== undefined && /^(surface-metrics|label\d+|edt)$/.test(work));
  } catch (error) {
    if (!args.json) console.log(`peer ${name} cannot be run here: ${(error as Error).message.split('\n')[0]}`);
    return [];
  }
}

const ours = ourRows();
const theirs = [...peerRows('metrics'), ...peerRows('image')];
if (args.json) for (const row of [...ours, ...theirs]) console.log(JSON.stringify(row));
else {
  for (const mine of ours) {
    console.log(`${mine.work.padEnd(18)}${mine.ms.toFixed(1).padStart(9)} ms`);
    const rivals = theirs.filter(({ peer, work }) =>
      mine.work === 'surfel-metrics'
        ? work === 'surface-metrics' && peer === 'surface-distance'
        : mine.work === work && peer !== 'surface-distance',
    );
    for (const { peer, ms } of rivals) {
      console.log(`  ${peer.padEnd(16)}${ms.toFixed(1).padStart(9)} ms  ${(ms / mine.ms).toFixed(1)}x`);
    }
  }
}
