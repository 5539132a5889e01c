import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** One measurement: milliseconds of a training step or a forward pass of the reference U-Net. */
export interface UnetRow {
  readonly peer: string;
  readonly work: 'unet-step' | 'unet-forward';
  readonly threads: number;
  readonly batch: number;
  readonly size: number;
  readonly ms: number;
  /** Peak resident memory of the process, where it was measured. */
  readonly rss_mb?: number;
}

/** Median milliseconds of `repeat` runs after `warmup` runs, with a pause for the engine to finish compiling. */
export async function medianMs(work: () => void, repeat: number, warmup: number): Promise<number> {
  for (let i = 0; i < warmup; i++) work();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const times = Array.from({ length: repeat }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[repeat >> 1]!;
}

/** Rows that a child process prints as JSON lines; a note instead when it fails. */
export function childRows(command: string, args: readonly string[], notes: string[]): UnetRow[] {
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 24 });
  if (status !== 0) {
    notes.push(`not measured (exit ${status}): ${command} ${args.join(' ')}\n${stderr}`);
    return [];
  }
  return stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as UnetRow] : []));
}

/** PyTorch's rows (and onnxruntime's, if asked for), or a note where the peers are not here. */
export function peerRows(args: readonly string[], notes: string[]): UnetRow[] {
  const peer = join(import.meta.dirname, '../../../shared/peers/peer');
  if (existsSync(peer)) return childRows(peer, ['unet-step', ...args], notes);
  notes.push('PyTorch was not measured: ../shared/peers is not here');
  return [];
}

/** Prints the rows of one kind of work: ours, and each peer's time over ours. */
export function printRows(rows: readonly UnetRow[], work: UnetRow['work']): void {
  const ours = rows.filter((row) => row.work === work && row.peer.startsWith('seg'));
  for (const row of ours) {
    const memory = row.rss_mb === undefined ? '' : `, peak ${row.rss_mb.toFixed(0)} MB`;
    console.log(`${row.peer}, batch ${row.batch}, ${row.size}^3: ${row.ms.toFixed(0)} ms${memory}`);
    for (const other of rows) {
      if (other.work !== work || other.peer.startsWith('seg') || other.batch !== row.batch) continue;
      // Where a peer would take minutes it ran on a smaller cube: compare the time per voxel.
      const scale = (row.size / other.size) ** 3;
      const at = other.size === row.size ? '' : ` at ${other.size}^3, scaled`;
      const ms = other.ms * scale;
      console.log(`  ${other.peer}${at}: ${ms.toFixed(0)} ms, ${(ms / row.ms).toFixed(2)} times ours`);
    }
  }
}
