import type { LabelDefinition } from '../../dataset/manifest-types.ts';
import { readLabelMap } from '../files/index.ts';

/** The foreground values that occur in label maps, named `label VALUE`. */
export async function findLabelValues(paths: readonly string[]): Promise<readonly LabelDefinition[]> {
  const values = new Set<number>();
  for (const path of paths) {
    const { data } = await readLabelMap(path);
    let last = 0;
    for (let i = 0; i < data.length; i++) {
      if (data[i] === last) continue;
      last = data[i]!;
      values.add(last);
    }
  }
  values.delete(0);
  return [...values].sort((a, b) => a - b).map((value) => ({ value, name: `label ${value}` }));
}
