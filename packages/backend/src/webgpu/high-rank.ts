import { slice_util, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { linesOf, shared, type WebgpuCall, withShape } from './kernel.ts';

// tfjs's shaders index coordinates of up to four axes; with five they do not compile, and the result is zeros.
const mostAxes = 4;

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Runs an operation along one axis after the other, each time on [before, length, after]. */
function alongAxes(
  { backend, inputs }: WebgpuCall,
  axes: readonly number[],
  step: (lines: TensorInfo, axis: number) => TensorInfo,
): TensorInfo {
  const x = inputs.x!;
  if (axes.length === 0) return shared(backend, x, x.shape);
  let current = x;
  for (const axis of axes) {
    const lines = linesOf(current.shape, axis);
    const next = step(withShape(current, lines), axis);
    if (current !== x) backend.disposeData(current.dataId);
    current = withShape(
      next,
      current.shape.map((n, a) => (a === axis ? next.shape[1]! : n)),
    );
  }
  return current;
}

/** PadV2 in any number of axes. */
export function pad(call: WebgpuCall): TensorInfo {
  const { inputs, attrs, stock } = call;
  if (inputs.x!.shape.length <= mostAxes) return stock(inputs, attrs);
  const paddings = attrs.paddings as readonly (readonly [number, number])[];
  const axes = paddings.flatMap(([before, after], axis) => (before + after > 0 ? [axis] : []));
  return alongAxes(call, axes, (x, axis) =>
    stock({ x }, { paddings: [[0, 0], paddings[axis], [0, 0]], constantValue: attrs.constantValue }),
  );
}

/** Slice in any number of axes. */
export function slice(call: WebgpuCall): TensorInfo {
  const { inputs, attrs, stock } = call;
  const { shape } = inputs.x!;
  if (shape.length <= mostAxes) return stock(inputs, attrs);
  const [begin, size] = slice_util.parseSliceParams(
    inputs.x as Tensor,
    attrs.begin as number[],
    attrs.size as number[],
  ) as [number[], number[]];
  const axes = shape.flatMap((n, a) => (size[a] === n ? [] : [a]));
  return alongAxes(call, axes, (x, axis) =>
    stock({ x }, { begin: [0, begin[axis]!, 0], size: [x.shape[0]!, size[axis]!, x.shape[2]!] }),
  );
}

/** Select over tensors of one shape, element by element. */
export function select({ inputs, attrs, stock }: WebgpuCall): TensorInfo {
  const { condition, t, e } = inputs as { condition: TensorInfo; t: TensorInfo; e: TensorInfo };
  if (t.shape.length <= mostAxes || sizeOf(condition.shape) !== sizeOf(t.shape)) return stock(inputs, attrs);
  const flat = (x: TensorInfo) => withShape(x, [sizeOf(x.shape)]);
  return withShape(stock({ condition: flat(condition), t: flat(t), e: flat(e) }, attrs), t.shape);
}

/** A binary operation with broadcasting: neighbouring axes that both inputs treat alike are one. */
export function binary({ inputs, attrs, stock }: WebgpuCall): TensorInfo {
  const [[firstName, first], [secondName, second]] = Object.entries(inputs) as [
    [string, TensorInfo],
    [string, TensorInfo],
  ];
  const rank = Math.max(first.shape.length, second.shape.length);
  if (rank <= mostAxes) return stock(inputs, attrs);
  const aligned = (shape: readonly number[]) => [...Array<number>(rank - shape.length).fill(1), ...shape];
  const [a, b] = [aligned(first.shape), aligned(second.shape)];
  const output = a.map((n, axis) => Math.max(n, b[axis]!));
  const merged = { a: [] as number[], b: [] as number[] };
  let previous = '';
  for (let axis = 0; axis < rank; axis++) {
    if (output[axis] === 1) continue;
    const pattern = `${a[axis] === 1}${b[axis] === 1}`;
    if (pattern === previous) {
      merged.a[merged.a.length - 1]! *= a[axis]!;
      merged.b[merged.b.length - 1]! *= b[axis]!;
    } else {
      merged.a.push(a[axis]!);
      merged.b.push(b[axis]!);
    }
    previous = pattern;
  }
  const collapsed = { [firstName]: withShape(first, merged.a), [secondName]: withShape(second, merged.b) };
  return withShape(stock(collapsed, attrs), output);
}
