import { padLayout } from '../../assembly/conv/layouts.ts';
import type { Arena } from './arena.ts';
import { type ConvContext, partsOf } from './context.ts';
import { perAxis, type Size3, volumeOf } from './geometry.ts';

/** A tensor [batch, depth, height, width, channels] in memory. */
export interface TensorPlace {
  readonly pointer: number;
  readonly size: Size3;
  /** Bytes of a voxel. */
  readonly voxel: number;
}

/** A border of zeros before and after each axis, and bytes a voxel: beyond the tensor's they hold anything. */
export interface Border {
  readonly before: Size3;
  readonly after: Size3;
  readonly voxel: number;
  /** Copy even if nothing changes, so that reading up to 60 bytes past the end is safe. */
  readonly always?: boolean;
}

/** The tensor with its border, copied into scratch only where there is one. */
export function padded(
  ctx: ConvContext,
  arena: Arena,
  batch: number,
  tensor: TensorPlace,
  border: Border,
): TensorPlace {
  const { before, after, voxel } = border;
  const unchanged = [...before, ...after].every((x) => x === 0) && voxel === tensor.voxel;
  if (unchanged && border.always !== true) return tensor;
  const size = perAxis((a) => tensor.size[a] + before[a] + after[a]);
  const pointer = arena.take(batch * volumeOf(size) * voxel + 64);
  const desc = arena.descriptor(padLayout, {
    src: tensor.pointer,
    dst: pointer,
    cb: tensor.voxel,
    pitch: voxel,
    n: batch,
    d: tensor.size[0],
    h: tensor.size[1],
    w: tensor.size[2],
    front: before[0],
    top: before[1],
    left: before[2],
    pd: size[0],
    ph: size[1],
    pw: size[2],
  });
  ctx.runtime.run('conv', 'pad', partsOf(batch * size[0]), (part, parts) => [desc, part, parts]);
  return { pointer, size, voxel };
}
