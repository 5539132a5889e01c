import { columnSumsOf } from './column-sums.ts';
import { doubles, floats, type Kernel, sizeOf, valuesOf, withScratch } from './context.ts';
import { foldSums, planRows, repeatInto } from './rows.ts';

/** The kernel `SegAddBias`. */
export const addBias: Kernel = (runtime, { x, bias }) => {
  const channels = x!.shape.at(-1)!;
  const plan = planRows(sizeOf(x!.shape.slice(0, -1)), channels);
  const y = runtime.makeOutput(x!.shape, 'float32');
  withScratch(runtime, plan.width * 4, ({ pointer: row }) => {
    repeatInto(floats(runtime, row, plan.width), 0, plan.width, valuesOf(runtime, bias!));
    const [from, to] = [runtime.pointer(x!), runtime.pointer(y)];
    runtime.run('fused', 'addRow', plan.parts, (part) => {
      const [first, end, tail] = plan.range(part);
      return [from, first, end, plan.width, tail, row, to];
    });
  });
  return y;
};

/** The kernel `SegAddBiasGrad`. */
export const addBiasGrad: Kernel = (runtime, { dy }) => {
  const channels = dy!.shape.at(-1)!;
  const plan = planRows(sizeOf(dy!.shape.slice(0, -1)), channels);
  const sum = runtime.makeOutput([channels], 'float32');
  const sums = columnSumsOf(runtime, dy!);
  if (sums !== undefined) {
    valuesOf(runtime, sum).set(sums);
    return sum;
  }
  withScratch(runtime, plan.parts * plan.width * 8, ({ pointer: sums }) => {
    const from = runtime.pointer(dy!);
    runtime.run('fused', 'sumRows', plan.parts, (part) => {
      const [first, end, tail] = plan.range(part);
      return [from, first, end, plan.width, tail, sums + part * plan.width * 8];
    });
    const all = doubles(runtime, sums, plan.parts * plan.width);
    valuesOf(runtime, sum).set(foldSums(all, 0, plan.width, plan.width, plan.parts, channels));
  });
  return sum;
};
