import type { LayerRow } from './ours.ts';

/** Prints our rows, each with the other rows of the same layer as multiples of our time, forward and backward. */
export function printLayers(ours: readonly LayerRow[], others: readonly LayerRow[]): void {
  const ms = (row: LayerRow) => `${row.forward_ms.toFixed(2)} / ${row.backward_ms.toFixed(2)} ms`;
  for (const row of ours) {
    console.log(`${row.work} ${row.shape.join('x')}, ${row.peer}, ${row.threads} threads: ${ms(row)}`);
    for (const other of others) {
      if (other.work !== row.work || `${other.shape}` !== `${row.shape}`) continue;
      const threads = other.peer.startsWith('seg') ? `, ${other.threads} threads` : '';
      const times = [other.forward_ms / row.forward_ms, other.backward_ms / row.backward_ms];
      console.log(`  ${other.peer}${threads}: ${ms(other)}, ${times.map((t) => t.toFixed(2)).join(' / ')} times ours`);
    }
  }
}
