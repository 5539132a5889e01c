import { dice } from '@seg/metrics';

/** Dice of two masks; 1 if both are empty. */
export const caseDice = (a: Uint8Array, b: Uint8Array): number => dice(a, b, { empty: 1 });
