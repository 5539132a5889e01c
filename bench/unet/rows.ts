/** One measurement: milliseconds of a training step or a forward pass of the reference U-Net. */
export interface UnetRow {
  readonly peer: string;
  readonly work: 'unet-step' | 'unet-forward';
  readonly threads: number;
  readonly batch: number;
  readonly size: number;
  readonly ms: number;
  /** Peak resident memory of a process that does nothing else, where it was measured. */
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

/** Prints our rows, each with the other rows of the same batch and size as multiples of our time. */
export function printRows(ours: readonly UnetRow[], others: readonly UnetRow[]): void {
  const memory = ({ rss_mb }: UnetRow) => (rss_mb === undefined ? '' : `, peak ${rss_mb.toFixed(0)} MB`);
  for (const row of ours) {
    console.log(
      `${row.peer}, ${row.threads} threads, batch ${row.batch}, ${row.size}^3: ${row.ms.toFixed(0)} ms${memory(row)}`,
    );
    for (const other of others) {
      if (other.batch !== row.batch || other.size !== row.size) continue;
      const threads = other.peer.startsWith('seg') ? `, ${other.threads} threads` : '';
      console.log(
        `  ${other.peer}${threads}: ${other.ms.toFixed(0)} ms, ${(other.ms / row.ms).toFixed(2)} times ours${memory(other)}`,
      );
    }
  }
}
