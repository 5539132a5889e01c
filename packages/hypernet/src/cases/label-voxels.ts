import { dice } from '@seg/metrics';
import { IGNORED_CLASS } from '@seg/train';

/** The foreground of a label: 1 where it is above 0, 0 elsewhere, in voxels that nobody annotated (255) too. */
export function labelForeground(label: Uint8Array): Uint8Array {
  return label.map((value) => (value !== 0 && value !== IGNORED_CLASS ? 1 : 0));
}

/** 1 - Dice of a mask and a label's foreground, over the voxels that somebody annotated; 0 where both are empty. */
export function labelDiceError(mask: Uint8Array, label: Uint8Array): number {
  const annotated = mask.map((value, i) => (label[i] === IGNORED_CLASS ? 0 : value));
  return 1 - dice(annotated, labelForeground(label), { empty: 1 });
}
