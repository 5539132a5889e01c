import { Arena } from './arena.ts';
import type { ConvContext } from './context.ts';
import { convolveDirectly, type Phase, packedBytes, packWeights, shortRun } from './direct-convolution.ts';
import { type ConvGeometry, isPointwise, perAxis, type Size3, volumeOf, weightKind } from './geometry.ts';
import { padded } from './padded-tensor.ts';
import type { WeightKey } from './weight-cache.ts';

/** Addresses of a forward pass; `bias` 0 for none. */
export interface ForwardPlaces {
  readonly x: number;
  readonly weights: number;
  readonly weightKey?: WeightKey;
  readonly bias: number;
  readonly y: number;
}

/** The forward pass as direct sums: every stride, kernel, dilation and padding. */
export function directForward(ctx: ConvContext, given: ConvGeometry, places: ForwardPlaces): void {
  const g = wideRows(given);
  const arena = new Arena(ctx.runtime);
  const [ci, co] = [g.inChannels, g.outChannels];
  const voxel = 4 * ci;
  try {
    const before = perAxis((a) => Math.max(0, g.pad[a]));
    const last = perAxis((a) => (g.output[a] - 1) * g.stride[a] + (g.kernel[a] - 1) * g.dilation[a] - g.pad[a]);
    const after = perAxis((a) => Math.max(0, last[a] - (g.input[a] - 1)));
    const taps = forwardRuns(g);
    const gather = taps.run < shortRun && taps.runs.length > 1;
    const x = { pointer: places.x, size: g.input, voxel };
    const input = padded(ctx, arena, g.batch, x, { before, after, voxel, always: gather });
    const step = strides(input.size, voxel);
    const start =
      input.pointer +
      dot(
        step,
        perAxis((a) => before[a] - g.pad[a]),
      );
    const phase: Phase = {
      offsets: taps.runs.map((run) => dot(step, run)),
      run: taps.run,
      taps: Array.from({ length: volumeOf(g.kernel) }, (_, i) => i),
      yOffset: 0,
      outputs: g.output,
    };
    const fill = (dst: number) => packWeights(ctx, arena, [phase], places.weights, { ci, co, transposed: false }, dst);
    ctx.weights.with(places.weightKey, weightKind('forward', g), packedBytes(ctx, [phase], ci, co), fill, (weights) =>
      convolveDirectly(ctx, arena, {
        batch: g.batch,
        grid: g.output,
        input,
        inputStart: start,
        inputStep: perAxis((a) => step[a] * g.stride[a]),
        output: { pointer: places.y, size: g.output, voxel: 4 * co },
        outputStep: strides(g.output, 4 * co),
        inChannels: ci,
        outChannels: co,
        bias: places.bias,
        phases: [phase],
        weights,
        gather,
      }),
    );
  } finally {
    arena.release();
  }
}

/** Byte distances of neighbours along each axis. */
export const strides = (size: Size3, voxel: number): Size3 => [size[1] * size[2] * voxel, size[2] * voxel, voxel];

export const dot = (a: Size3, b: Size3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** The kernel's taps as runs of neighbouring floats: first voxel of each run, relative to the window's first. */
export function forwardRuns(g: ConvGeometry): { readonly runs: readonly Size3[]; readonly run: number } {
  const [kd, kh, kw] = g.kernel;
  const [dd, dh, dw] = g.dilation;
  const joined = dw === 1;
  const runs: Size3[] = [];
  for (let i = 0; i < kd; i++) {
    for (let j = 0; j < kh; j++) {
      for (let k = 0; k < (joined ? 1 : kw); k++) runs.push([i * dd, j * dh, k * dw]);
    }
  }
  return { runs, run: (joined ? kw : 1) * g.inChannels };
}

// A pointwise convolution sees rows of at least this many voxels, where the tensor has them.
const shortestRow = 24;
const longestRow = 512;

/** Joins rows (and planes) of a pointwise convolution of narrow tensors, so that the register tiles are filled. */
function wideRows(g: ConvGeometry): ConvGeometry {
  if (!isPointwise(g)) return g;
  const [d, h, w] = g.input;
  if (w >= shortestRow) return g;
  const size: Size3 = d * h * w <= longestRow ? [1, 1, d * h * w] : h * w <= longestRow ? [1, d, h * w] : g.input;
  return { ...g, input: size, output: size };
}
