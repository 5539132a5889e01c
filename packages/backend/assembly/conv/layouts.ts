/**
 * A descriptor is a record of 32-bit words in WebAssembly memory that tells a convolution kernel what to do: first the
 * addresses and byte counts, then the signed counts. The kernels' generator and the drivers share these lists.
 */
export interface Layout {
  readonly addresses: readonly string[];
  readonly counts: readonly string[];
}

/** Copies a tensor into one with a zero border and `pitch` bytes a voxel; further channels hold anything. */
export const padLayout = {
  addresses: ['src', 'dst', 'cb', 'pitch'],
  counts: ['n', 'd', 'h', 'w', 'front', 'top', 'left', 'pd', 'ph', 'pw'],
} as const satisfies Layout;

/**
 * Weights `[tap][ci][co]` into blocks of output channels `[block][tap of the list][in][width of a block]`; dense, for one
 * output channel: `[tap of the list][in]`.
 */
export const packLayout = {
  addresses: ['w', 'dst', 'taps', 'tapsEnd'],
  counts: ['ci', 'co', 'transposed', 'dense'],
} as const satisfies Layout;

/** Weights `[tap][ci][co]` into `[tap][ci][pitch]`, or, flipped, into `[reversed tap][co][pitch]`. */
export const arrangeLayout = {
  addresses: ['w', 'dst', 'pitch'],
  counts: ['taps', 'ci', 'co', 'flip'],
} as const satisfies Layout;

/** Direct convolution of a grid of rows, in phases (see `phaseLayout`). */
export const directLayout = {
  addresses: ['x', 'xn', 'xd', 'xh', 'xw', 'zero', 'bias', 'y', 'yn', 'yd', 'yh', 'yw', 'phases', 'pitch', 'tail'],
  counts: ['n', 'gd', 'gh', 'co', 'phaseCount', 'dense'],
} as const satisfies Layout;

/** One phase: the runs of taps that meet at one residue of the output position, and where their outputs go. */
export const phaseLayout = {
  addresses: ['table', 'tableEnd', 'weights', 'run', 'yOffset'],
  counts: ['od', 'oh', 'ow'],
} as const satisfies Layout;

/** Direct filter gradient: partial sums a slice of output rows, `[run of taps][row][co]`. */
export const filterLayout = {
  addresses: ['x', 'xn', 'xd', 'xh', 'xw', 'dy', 'yh', 'yw', 'partial', 'sliceBytes', 'table', 'pitch', 'run', 'cb'],
  counts: ['n', 'od', 'oh', 'ow', 'runs', 'rows', 'co', 'batchRows', 'slices', 'groups'],
} as const satisfies Layout;

/** Sum of the slices' partial rows into rows of `floats` values. */
export const reduceLayout = {
  addresses: ['src', 'sliceBytes', 'srcRow', 'dst'],
  counts: ['slices', 'rows', 'floats'],
} as const satisfies Layout;

/**
 * Winograd convolution and filter gradient: `vc`, `mc` are bytes a tile of transformed inputs and outputs; `segments`
 * divides the planes of a convolution without a transform along the depth, or the points along the depth of a filter
 * gradient: into pairs, with stride 2 into the weights that they belong to.
 */
export const winogradLayout = {
  addresses: ['x', 'xn', 'cb', 'vc', 'y', 'yn', 'yb', 'mc', 'u', 'us', 'bias', 'sliceBytes'],
  counts: ['n', 'd', 'h', 'w', 'od', 'oh', 'ow', 'pd', 'ph', 'pw', 'ci', 'co', 'kd', 'ds', 'tb', 'segments'],
} as const satisfies Layout;

/**
 * Winograd on whole volumes: transformed inputs `v`, transformed outputs or output gradients `m`, in rows `vr`, `mr`
 * bytes apart (a tile's channels, or 16 of them, the next 16 being `vb`, `mb` bytes on); `u` is the filter gradient's
 * target, whose parts have `ic` and `oc` channels in and out.
 */
export const wholeLayout = {
  addresses: [
    'x',
    'xn',
    'cb',
    'v',
    'vp',
    'vc',
    'vr',
    'vb',
    'y',
    'yn',
    'yb',
    'm',
    'mp',
    'mc',
    'mr',
    'mb',
    'u',
    'us',
    'bias',
  ],
  counts: ['n', 'd', 'h', 'w', 'od', 'oh', 'ow', 'pd', 'ph', 'pw', 'ci', 'co', 'kd', 'ds', 'ic', 'oc'],
} as const satisfies Layout;

/** Winograd transform of weights `[kd * 9][ci][pitch]`. */
export const weightsLayout = {
  addresses: ['w', 'pitch', 'u', 'us'],
  counts: ['ci', 'co', 'kd'],
} as const satisfies Layout;

/** Sum of the slices of a transformed filter gradient, and its transform back into `[kd * 9][ci][co]`. */
export const filterBackLayout = {
  addresses: ['du', 'us', 'sliceBytes', 'row', 'dw'],
  counts: ['slices', 'ci', 'co', 'kd'],
} as const satisfies Layout;
