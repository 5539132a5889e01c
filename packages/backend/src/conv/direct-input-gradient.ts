import { Arena } from './arena.ts';
import type { ConvContext } from './context.ts';
import { convolveDirectly, type Phase, packedBytes, packWeights, shortRun } from './direct-convolution.ts';
import { dot, strides } from './direct-forward.ts';
import { type ConvGeometry, perAxis, type Size3, weightKind } from './geometry.ts';
import { padded } from './padded-tensor.ts';
import type { WeightKey } from './weight-cache.ts';

/** Addresses of an input gradient. */
export interface InputGradientPlaces {
  readonly dy: number;
  readonly weights: number;
  readonly weightKey?: WeightKey;
  readonly dx: number;
}

interface AxisTaps {
  /** Kernel positions that reach an input of this residue, by rising output position. */
  readonly taps: readonly number[];
  /** Output position minus grid position of the first one. */
  readonly first: number;
  readonly count: number;
}

/**
 * The gradient for the input as direct sums, without dilation: inputs of one residue modulo the stride are a
 * stride 1 convolution of the output gradient with every stride-th tap, so there are stride^3 phases.
 */
export function directInputGradient(ctx: ConvContext, g: ConvGeometry, places: InputGradientPlaces): void {
  const arena = new Arena(ctx.runtime);
  const [ci, co] = [g.inChannels, g.outChannels];
  try {
    const axes = ([0, 1, 2] as const).map((a) =>
      Array.from({ length: Math.min(g.stride[a], g.input[a]) }, (_, residue) => axisTaps(g, a, residue)),
    ) as [AxisTaps[], AxisTaps[], AxisTaps[]];
    const used = axes.map((list) => list.filter((t) => t.taps.length > 0)) as typeof axes;
    const before = perAxis((a) => Math.max(0, ...used[a].map((t) => -t.first)));
    const after = perAxis((a) =>
      Math.max(0, ...used[a].map((t) => t.count - 1 + t.first + t.taps.length - 1 - (g.output[a] - 1))),
    );
    const run = Math.max(...axes[2].map((t) => t.taps.length)) * co;
    const runs = Math.max(...axes[0].map((t) => t.taps.length)) * Math.max(...axes[1].map((t) => t.taps.length));
    const gather = run < shortRun && runs > 1;
    const dy = { pointer: places.dy, size: g.output, voxel: 4 * co };
    const input = padded(ctx, arena, g.batch, dy, { before, after, voxel: 4 * co, always: gather });
    const step = strides(input.size, 4 * co);
    const outStep = strides(g.input, 4 * ci);
    const phases: Phase[] = [];
    axes[0].forEach((d, i) => {
      axes[1].forEach((h, j) => {
        axes[2].forEach((w, k) => {
          phases.push(phaseOf(g, [d, h, w], before, step, co, dot(outStep, [i, j, k])));
        });
      });
    });
    const fill = (dst: number) => packWeights(ctx, arena, phases, places.weights, { ci, co, transposed: true }, dst);
    const kind = weightKind(`input gradient ${g.stride} ${g.pad.map((p, a) => mod(p, g.stride[a]!))}`, g);
    ctx.weights.with(places.weightKey, kind, packedBytes(ctx, phases, co, ci), fill, (weights) =>
      convolveDirectly(ctx, arena, {
        batch: g.batch,
        grid: perAxis((a) => Math.ceil(g.input[a] / g.stride[a])),
        input,
        inputStart: input.pointer,
        inputStep: step,
        output: { pointer: places.dx, size: g.input, voxel: 4 * ci },
        outputStep: perAxis((a) => outStep[a] * g.stride[a]),
        inChannels: co,
        outChannels: ci,
        bias: 0,
        phases,
        weights,
        gather,
      }),
    );
  } finally {
    arena.release();
  }
}

const mod = (a: number, b: number) => ((a % b) + b) % b;

function axisTaps(g: ConvGeometry, axis: 0 | 1 | 2, residue: number): AxisTaps {
  const [stride, pad, kernel] = [g.stride[axis], g.pad[axis], g.kernel[axis]];
  const taps: number[] = [];
  for (let k = kernel - 1; k >= 0; k--) if (mod(residue + pad - k, stride) === 0) taps.push(k);
  return {
    taps,
    first: taps.length > 0 ? (residue + pad - taps[0]!) / stride : 0,
    count: Math.ceil((g.input[axis] - residue) / stride),
  };
}

function phaseOf(
  g: ConvGeometry,
  [d, h, w]: readonly [AxisTaps, AxisTaps, AxisTaps],
  before: Size3,
  step: Size3,
  channels: number,
  yOffset: number,
): Phase {
  const outputs: Size3 = [d.count, h.count, w.count];
  const offsets: number[] = [];
  const taps: number[] = [];
  if (w.taps.length > 0) {
    d.taps.forEach((kd, i) => {
      h.taps.forEach((kh, j) => {
        offsets.push(dot(step, [d.first + i + before[0], h.first + j + before[1], w.first + before[2]]));
        for (const kw of w.taps) taps.push((kd * g.kernel[1] + kh) * g.kernel[2] + kw);
      });
    });
  }
  return { offsets, run: w.taps.length * channels, taps, yOffset, outputs };
}
