import { dice } from '@seg/metrics';
import { IGNORED_CLASS } from '@seg/train';

/** The foreground of a label: 1 where it is above 0, 0 elsewhere, in voxels that nobody annotated (255) too. */
export function labelForeground(label: Uint8Array): Uint8Array {
  return label.map((value) => (value !== 0 && value !== IGNORED_CLASS ? 1 : 0));
}

/**
 * 1 - Dice of a mask and a label's foreground, over the voxels that somebody annotated; 0 where both are empty.
 *
 * @param outside voxels of the label that are not on the grid and therefore missed, see `MapCase.labelOutside`
 */
export function labelDiceError(mask: Uint8Array, label: Uint8Array, outside = 0): number {
  const annotated = mask.map((value, i) => (label[i] === IGNORED_CLASS ? 0 : value));
  const foreground = labelForeground(label);
  const onGrid = dice(annotated, foreground, { empty: 1 });
  if (outside === 0) return 1 - onGrid;
  const voxels = annotated.reduce((sum, v, i) => sum + v + foreground[i]!, 0);
  return 1 - (onGrid * voxels) / (voxels + outside);
}
