import { loadLanes, range, storeLanes, type Target, transformLanes } from './target.ts';
import type { LineTransform, ToomCook } from './toom-cook.ts';
import { constantsPlace } from './winograd-variants.ts';

/** One axis of a separable transform: `inputs` values to `outputs` values, or untouched without `line`. */
export interface Axis {
  readonly inputs: number;
  readonly outputs: number;
  readonly line?: LineTransform;
}

/**
 * How a block lies in memory: 64-byte lines without gaps, points `p` bytes apart, three strides, or a plane out of a strip,
 * whose rows are `sh` bytes apart and whose voxels have `stripPoints` lines each.
 */
export type BlockPlace = 'compact' | 'points' | 'strided' | 'strip';

export interface SeparableTransform {
  readonly name: string;
  /** Depth, height, width. */
  readonly axes: readonly [Axis, Axis, Axis];
  /** The order in which the axes are done. */
  readonly order: readonly number[];
  readonly source: BlockPlace;
  readonly target: Exclude<BlockPlace, 'strip'>;
  /** Lines of a voxel of a strip; the width is transformed first. */
  readonly stripPoints?: number;
  /** Whether a bias vector is added to every output. */
  readonly bias?: boolean;
}

/** Where intermediate results lie: two halves of this many vectors each. */
const temporaries = 256;

/**
 * A function that transforms a block of `cb` bytes of channels, axis by axis through temporaries in `tmp`, for a few
 * channels a time. One pointer walks along each line, because V8 does not strength-reduce multiplied offsets.
 */
export function separable(target: Target, toomCook: ToomCook, spec: SeparableTransform): string {
  const { axes, order } = spec;
  const lanes = range(transformLanes(target));
  const width = 16 * lanes.length;
  const live = order.filter((axis) => axes[axis]!.line !== undefined);
  const size = axes.map((axis) => axis.inputs);
  const body: string[] = [];
  live.forEach((axis, pass) => {
    const { inputs, outputs, line } = axes[axis]!;
    const others = [0, 1, 2].filter((k) => k !== axis) as [number, number];
    const before = [...size];
    size[axis] = outputs;
    for (const p of range(before[others[0]]!)) {
      for (const q of range(before[others[1]]!)) {
        const at = (k: number) => {
          const index = [0, 0, 0];
          index[axis] = k;
          index[others[0]] = p;
          index[others[1]] = q;
          return index;
        };
        const temporary = (sizes: readonly number[], k: number, half: number, lane: number) =>
          width * (flat(sizes, at(k)) + temporaries * half) + 16 * lane;
        const v = toomCook.fresh('x');
        body.push('    {');
        body.push(...loadLine(spec, pass === 0, before, axis, inputs, v));
        const parts = lanes.map((lane) => line!(range(inputs).map((k) => `${v}${k}_${lane}`)));
        const statements = parts.map(([text]) => text).join('\n    ');
        body.push(`    ${toomCook.constants(statements, 'tmp', constantsPlace)}`, `    ${statements}`);
        const results = parts.map(([, names]) => names);
        const last = pass === live.length - 1;
        if (last) body.push(walker('d', 'dst', spec.target, ['td', 'th', 'tw'], 'dp', size, at(0), axis));
        const biased = last && spec.bias;
        if (biased) body.push(loadLanes(target, v, 'bias'));
        range(outputs).forEach((k) => {
          const values = lanes.map((lane) =>
            biased ? `f32x4.add(${results[lane]![k]!}, ${v}_${lane})` : results[lane]![k]!,
          );
          const place = last ? 'd' : 'tmp';
          const stores = storeLanes(values, place, last ? 0 : temporary(size, k, (pass + 1) % 2, 0));
          body.push(`    ${last && k ? 'd += ds; ' : ''}${stores}`);
        });
        body.push('    }');

        function loadLine(
          t: SeparableTransform,
          first: boolean,
          sizes: readonly number[],
          ax: number,
          n: number,
          name: string,
        ) {
          const values = (k: number, from: string, offset = 0) => loadLanes(target, `${name}${k}`, from, offset);
          if (!first) return range(n).map((k) => values(k, 'tmp', temporary(sizes, k, pass % 2, 0)));
          if (t.source === 'strip') {
            const [, row, column] = at(0);
            const line = (k: number) => 64 * t.stripPoints! * (column! + k);
            return [`    const s = src + ${row} * sh;`, ...range(n).map((k) => values(k, 's', line(k)))];
          }
          if (t.source === 'compact') return range(n).map((k) => values(k, 'src', 64 * flat(sizes, at(k))));
          return [
            walker('s', 'src', t.source, ['sd', 'sh', 'sw'], 'sp', sizes, at(0), ax),
            ...range(n).map((k) => `${k ? 's += ss; ' : ''}${values(k, 's')}`),
          ];
        }
      }
    }
  });
  return `function ${spec.name}(src: usize, ${parameters(spec.source, 's')}dst: usize, ${parameters(spec.target, 't')}cb: usize, tmp: usize${spec.bias ? ', bias: usize' : ''}): void {
  for (const end = src + cb; src < end; src += ${width}, dst += ${width}${spec.bias ? `, bias += ${width}` : ''}) {
${body.join('\n')}
  }
}`;
}

const flat = (sizes: readonly number[], index: readonly number[]) =>
  (index[0]! * sizes[1]! + index[1]!) * sizes[2]! + index[2]!;

function parameters(place: BlockPlace, letter: 's' | 't'): string {
  if (place === 'compact') return '';
  if (place === 'strip') return 'sh: usize, ';
  if (place === 'strided') return ['d', 'h', 'w'].map((axis) => `${letter}${axis}: usize, `).join('');
  return letter === 's' ? 'sp: usize, ' : 'dp: usize, ';
}

// A pointer to the first element of a line, and the distance to the next one.
function walker(
  name: string,
  base: string,
  place: BlockPlace,
  strides: readonly string[],
  pitch: string,
  sizes: readonly number[],
  first: readonly number[],
  axis: number,
): string {
  if (place === 'strided') {
    const terms = [0, 1, 2].filter((k) => first[k] !== 0).map((k) => ` + ${first[k]} * ${strides[k]}`);
    return `    let ${name} = ${base}${terms.join('')}; const ${name}s = ${strides[axis]};`;
  }
  const step = [sizes[1]! * sizes[2]!, sizes[2]!, 1][axis];
  const index = flat(sizes, first);
  return `    let ${name} = ${base}${index ? ` + ${index} * ${pitch}` : ''}; const ${name}s = ${step} * ${pitch};`;
}
