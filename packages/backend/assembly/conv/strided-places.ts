import { fixedPlaces } from './winograd-variants.ts';

/** A thread's scratch for strided Winograd convolutions: blocks follow after 5 x 9 x 9 lines of 64 bytes. */
export const stridedPlaces = { ...fixedPlaces, blocks: fixedPlaces.lines + 5 * 81 * 64 + 64 };
