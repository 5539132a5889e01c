import { type ConvGeometry, perAxis, type Size3 } from '../../conv/geometry.ts';
import type { GatherGeometry } from './gather-convolution.ts';

const ones: Size3 = [1, 1, 1];
const zeros: Size3 = [0, 0, 0];

/** The convolution itself: one gather. */
export function forwardGather(g: ConvGeometry): GatherGeometry {
  return {
    batch: g.batch,
    grid: g.output,
    taps: g.kernel,
    firstTap: zeros,
    tapStep: ones,
    source: g.input,
    sourceStart: perAxis((a) => -g.pad[a]),
    sourceStride: g.stride,
    sourceStep: g.dilation,
    result: g.output,
    resultStart: zeros,
    resultStep: ones,
    filter: g.kernel,
  };
}

/** Along one axis, the input voxels first, first + stride, ... and the taps that reach them. */
interface Phase {
  readonly first: number;
  readonly count: number;
  readonly taps: number;
  readonly firstTap: number;
  readonly tapStep: number;
  readonly sourceStart: number;
  readonly sourceStep: number;
}

/**
 * The adjoint in the input: input voxels whose places agree modulo the stride see the same taps, so each such phase is a
 * gather of its own, without the taps that would meet zeros.
 */
export function inputGradientGathers(g: ConvGeometry): GatherGeometry[] {
  const [depths, heights, widths] = [phases(g, 0), phases(g, 1), phases(g, 2)];
  return depths.flatMap((d) => heights.flatMap((h) => widths.map((w) => phaseGather(g, [d, h, w]))));
}

function phaseGather(g: ConvGeometry, phase: readonly [Phase, Phase, Phase]): GatherGeometry {
  const each = (key: keyof Phase) => perAxis((a) => phase[a][key]);
  return {
    batch: g.batch,
    grid: each('count'),
    taps: each('taps'),
    firstTap: each('firstTap'),
    tapStep: each('tapStep'),
    source: g.output,
    sourceStart: each('sourceStart'),
    sourceStride: ones,
    sourceStep: each('sourceStep'),
    result: g.input,
    resultStart: each('first'),
    resultStep: g.stride,
    filter: g.kernel,
  };
}

// Input place i takes tap t from output (i + pad - t * dilation) / stride, where that is whole.
function phases(g: ConvGeometry, a: 0 | 1 | 2): Phase[] {
  const { [a]: stride } = g.stride;
  const [pad, dilation, kernel] = [g.pad[a], g.dilation[a], g.kernel[a]];
  const all: Phase[] = [];
  for (let first = 0; first < Math.min(stride, g.input[a]); first++) {
    const reaching: number[] = [];
    for (let t = 0; t < kernel; t++) if ((first + pad - t * dilation) % stride === 0) reaching.push(t);
    const firstTap = reaching[0] ?? 0;
    const tapStep = reaching.length > 1 ? reaching[1]! - firstTap : 1;
    all.push({
      first,
      count: Math.ceil((g.input[a] - first) / stride),
      taps: reaching.length,
      firstTap,
      tapStep,
      sourceStart: reaching.length === 0 ? 0 : (first + pad - firstTap * dilation) / stride,
      sourceStep: reaching.length > 1 ? -(tapStep * dilation) / stride : 0,
    });
  }
  return all;
}
