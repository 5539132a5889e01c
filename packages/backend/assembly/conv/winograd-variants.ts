/**
 * A tile of outputs: `plane` x `plane` in height and width, `depth` planes deep. With depth 1 nothing is transformed
 * along the depth: the kernel's planes are summed in the product, from a ring of transformed input planes.
 */
export interface Variant {
  readonly id: string;
  readonly depth: number;
  readonly plane: number;
  /** Stride in plane. */
  readonly stride: 1 | 2;
}

export const variants: readonly Variant[] = [
  { id: '14', depth: 1, plane: 4, stride: 1 },
  { id: '24', depth: 2, plane: 4, stride: 1 },
  { id: '44', depth: 4, plane: 4, stride: 1 },
  { id: '22', depth: 2, plane: 2, stride: 1 },
  { id: '12', depth: 1, plane: 2, stride: 1 },
  { id: '14s2', depth: 1, plane: 4, stride: 2 },
];

/** Transformed points of a tile along the depth. */
export const depthPoints = (variant: Variant): number => (variant.depth === 1 ? 1 : variant.depth + 2);

/** Pairs of points along the depth that a filter gradient can do one after the other; 0 where it cannot. */
export const depthPairs = ({ depth }: Pick<Variant, 'depth'>): number => (depth === 4 ? 3 : 0);

/** No pair: all points at once. */
export const allPairs = -1;

/** Inputs, and transformed points, of a tile along an axis of the plane. */
export const tileSide = ({ plane, stride }: Variant): number => (stride === 2 ? 9 : plane + 2);

/** Transformed points of a tile. */
export const tilePoints = (variant: Variant): number => depthPoints(variant) * tileSide(variant) ** 2;

/** Different points of transformed weights along an axis of the plane: with stride 2 the direct points share theirs. */
export const weightSide = ({ plane, stride }: Variant): number => (stride === 2 ? 6 : plane + 2);

/** Different points of transformed weights. */
export const weightPoints = (variant: Variant): number => depthPoints(variant) * weightSide(variant) ** 2;

/** Where 64 bytes of zeros lie in a thread's scratch, after the temporaries of the transforms. */
export const zerosPlace = 16384;

/** Where the transforms' constants lie there. */
export const constantsPlace = 20608;

/**
 * The first part of a thread's scratch: temporaries of the transforms, zeros, the last values of x and dy, an edge tile,
 * constants, then the lines of a block.
 */
export const fixedPlaces = { lastInput: 16448, lastGradient: 16464, edge: 16512, lines: 20672 } as const;

/** What the lines of several tiles of a row, transformed along the depth, take at most. */
export const stripBytes = 320 << 10;

/** A thread's scratch: the fixed places, the lines of a block, a strip, then transformed blocks at `blocks`. */
export const scratchPlaces = (variant: Variant) => {
  const strip = fixedPlaces.lines + tilePoints(variant) * 64 + 64;
  return { ...fixedPlaces, strip, blocks: strip + (depthPairs(variant) > 0 ? stripBytes : 0) };
};
