/**
 * A tile of outputs: `plane` x `plane` in height and width, `depth` planes deep. With depth 1 nothing is transformed
 * along the depth: the kernel's planes are summed in the product, from a ring of transformed input planes.
 */
export interface Variant {
  readonly id: string;
  readonly depth: number;
  readonly plane: number;
}

export const variants: readonly Variant[] = [
  { id: '14', depth: 1, plane: 4 },
  { id: '24', depth: 2, plane: 4 },
  { id: '44', depth: 4, plane: 4 },
  { id: '22', depth: 2, plane: 2 },
  { id: '12', depth: 1, plane: 2 },
];

/** Transformed points of a tile along the depth. */
export const depthPoints = (variant: Variant): number => (variant.depth === 1 ? 1 : variant.depth + 2);

/** Transformed points of a tile. */
export const tilePoints = (variant: Variant): number => depthPoints(variant) * (variant.plane + 2) ** 2;

/**
 * A thread's scratch: temporaries of the transforms, 64 bytes of zeros, the last values of x and dy, an edge tile,
 * then the lines of a block; transformed blocks follow at `blocks`.
 */
export const scratchPlaces = (variant: Variant) => {
  const lines = 20672;
  return {
    zeros: 16384,
    lastInput: 16448,
    lastGradient: 16464,
    edge: 16512,
    lines,
    blocks: lines + depthPoints(variant) * (variant.plane + 2) ** 2 * 64 + 64,
  };
};
