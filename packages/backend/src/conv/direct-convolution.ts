import { directLayout, packLayout, phaseLayout } from '../../assembly/conv/layouts.ts';
import { type Arena, fieldWords } from './arena.ts';
import { type ConvContext, partsOf, tileWidth } from './context.ts';
import { roundUp, type Size3, volumeOf } from './geometry.ts';
import type { TensorPlace } from './padded-tensor.ts';

/** Outputs at one residue of the position: sums over runs of contiguous input values. */
export interface Phase {
  /** Offsets of the runs in bytes, from the voxel that the grid position names. */
  readonly offsets: readonly number[];
  /** Floats of a run. */
  readonly run: number;
  /** Kernel taps in the order of the runs. */
  readonly taps: readonly number[];
  /** Byte offset of the phase's first output. */
  readonly yOffset: number;
  readonly outputs: Size3;
}

/** A convolution as sums over phases on a grid; steps in bytes. */
export interface DirectProblem {
  readonly batch: number;
  readonly grid: Size3;
  readonly input: TensorPlace;
  /** Address of the voxel that the first grid position names. */
  readonly inputStart: number;
  readonly inputStep: Size3;
  readonly output: TensorPlace;
  readonly outputStep: Size3;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly bias: number;
  readonly phases: readonly Phase[];
  /** Address of the phases' packed weights, in order. */
  readonly weights: number;
  /** Whether a position's taps are gathered into one line first, which pays for short runs. */
  readonly gather: boolean;
}

/** Runs shorter than this many floats are gathered. */
export const shortRun = 16;

/** Whether one output is a sum over whole vectors of input channels: then its weights are packed without gaps. */
const isDense = (inner: number, outer: number): boolean => outer === 1 && inner % 4 === 0;

/** Bytes of the packed weights of all phases. */
export function packedBytes(ctx: ConvContext, phases: readonly Phase[], inner: number, outer: number): number {
  const width = isDense(inner, outer) ? 1 : roundUp(outer, tileWidth(ctx));
  return phases.reduce((sum, { taps }) => sum + taps.length * inner * width * 4, 0);
}

/** Packs weights [tap][ci][co] at `w` for all phases; transposed for input gradients. */
export function packWeights(
  ctx: ConvContext,
  arena: Arena,
  phases: readonly Phase[],
  w: number,
  channels: { readonly ci: number; readonly co: number; readonly transposed: boolean },
  dst: number,
): void {
  const { ci, co, transposed } = channels;
  const [inner, outer] = transposed ? [co, ci] : [ci, co];
  let at = dst;
  for (const phase of phases) {
    if (phase.taps.length === 0) continue;
    const taps = arena.words(phase.taps);
    const tapsEnd = taps + 4 * phase.taps.length;
    const fields = {
      w,
      dst: at,
      taps,
      tapsEnd,
      ci,
      co,
      transposed: Number(transposed),
      dense: Number(isDense(inner, outer)),
    };
    const desc = arena.descriptor(packLayout, fields);
    const items = phase.taps.length * Math.ceil(outer / tileWidth(ctx));
    ctx.runtime.run('conv', 'pack', partsOf(items), (part, parts) => [desc, part, parts]);
    at += packedBytes(ctx, [phase], inner, outer);
  }
}

/** Runs a direct convolution. */
export function convolveDirectly(ctx: ConvContext, arena: Arena, problem: DirectProblem): void {
  const { batch, grid, input, output, phases, inChannels, outChannels } = problem;
  const width = tileWidth(ctx);
  let weights = problem.weights;
  const records = phases.flatMap((phase) => {
    const table = arena.words(phase.offsets);
    const words = fieldWords(phaseLayout, {
      table,
      tableEnd: table + 4 * phase.offsets.length,
      weights,
      run: 4 * phase.run,
      yOffset: phase.yOffset,
      od: phase.outputs[0],
      oh: phase.outputs[1],
      ow: phase.outputs[2],
    });
    weights += packedBytes(ctx, [phase], inChannels, outChannels);
    return words;
  });
  const positions = Math.max(...phases.map((phase) => phase.outputs[2]));
  const pitch = problem.gather ? Math.max(...phases.map(gatherPitch)) : 0;
  const tail = positions * pitch + 64;
  const desc = arena.descriptor(directLayout, {
    x: problem.inputStart,
    xn: volumeOf(input.size) * input.voxel,
    xd: problem.inputStep[0],
    xh: problem.inputStep[1],
    xw: problem.inputStep[2],
    zero: arena.words([0]),
    bias: arena.bias(problem.bias, outChannels, roundUp(outChannels, width)),
    y: output.pointer,
    yn: volumeOf(output.size) * output.voxel,
    yd: problem.outputStep[0],
    yh: problem.outputStep[1],
    yw: problem.outputStep[2],
    phases: arena.words(records),
    pitch,
    tail,
    n: batch,
    gd: grid[0],
    gh: grid[1],
    co: outChannels,
    phaseCount: phases.length,
    dense: Number(isDense(inChannels, outChannels)),
  });
  const threadBytes = tail + positions * width * 4 + 64;
  const rows = batch * grid[0] * grid[1];
  ctx.runtime.run('conv', 'direct', partsOf(rows), (part, parts) => [desc, part, parts], threadBytes);
}

/** Bytes of a position's gathered line: vectors are written whole, the last one past the end. */
export function gatherPitch({ offsets, run }: Pick<Phase, 'offsets' | 'run'>): number {
  return roundUp(Math.max(offsets.length - 1, 0) * run * 4 + roundUp(run * 4, 16), 16);
}
