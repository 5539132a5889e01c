import type { KernelRuntime } from '../runtime/kernel-runtime.ts';
import { partRange, partsFor } from './parts.ts';

/** A box of 4-byte elements to copy: sizes, and strides in elements, outermost axis first. */
export interface Box {
  readonly sizes: readonly number[];
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Strides in elements of a dense array. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/**
 * Copies a box between two layouts whose innermost axis is dense in both; `from` and `to` are addresses.
 * @returns false, and nothing done, when more than four axes are left beside the dense ones.
 */
export function copyBox(runtime: KernelRuntime, box: Box, from: number, to: number): boolean {
  if (box.sizes.some((n) => n === 0)) return true;
  const axes = mergeAxes(box);
  const row = axes.pop()!;
  if (axes.length > 4) return false;
  const outer = axes[0] ?? { size: 1, from: 0, to: 0 };
  const rest = axes.slice(1);
  const inner = rest.reduce((count, axis) => count * axis.size, row.size);
  const parts = partsFor(outer.size, inner);
  const fill = 3 - rest.length;
  const pad = (key: 'from' | 'to') => [...Array<number>(fill).fill(0), ...rest.map((axis) => axis[key] * 4)];
  // The outermost axis goes where one position is left, so that a plain list of rows runs in the inner loop.
  const sizes = [...Array<number>(fill).fill(1), ...rest.map((axis) => axis.size)];
  runtime.run('fused', 'copyBox', parts, (part) => {
    const [first, end] = partRange(outer.size, part, parts);
    const count = end - first;
    const source = [from + first * outer.from * 4, ...arrange(pad('from'), outer.from * 4, fill)];
    const target = [to + first * outer.to * 4, ...arrange(pad('to'), outer.to * 4, fill)];
    return [...source, ...target, ...arrange(sizes, count, fill), row.size * 4];
  });
  return true;
}

// Puts the outermost axis right before the first axis that exists.
function arrange(rest: readonly number[], outer: number, fill: number): number[] {
  return [...rest.slice(0, fill), outer, ...rest.slice(fill)];
}

interface Axis {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Axes of more than one place, neighbours joined where both layouts run on; the last one is the dense row. */
function mergeAxes({ sizes, from, to }: Box): Axis[] {
  const axes: Axis[] = [{ size: 1, from: 1, to: 1 }];
  for (let i = sizes.length - 1; i >= 0; i--) {
    const axis = { size: sizes[i]!, from: from[i]!, to: to[i]! };
    if (axis.size === 1) continue;
    const inner = axes[0]!;
    const joined = axis.from === inner.from * inner.size && axis.to === inner.to * inner.size;
    if (joined) axes[0] = { size: axis.size * inner.size, from: inner.from, to: inner.to };
    else axes.unshift(axis);
  }
  return axes;
}
