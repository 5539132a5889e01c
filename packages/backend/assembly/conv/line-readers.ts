import { range, storeLanes, type Target, transformLanes } from './target.ts';
import type { LineTransform, ToomCook } from './toom-cook.ts';
import { constantsPlace, zerosPlace } from './winograd-variants.ts';

/** What is read at once: `planes` of side x side voxels, transformed across the planes. */
export interface BlockShape {
  readonly side: number;
  readonly planes: number;
  readonly line: LineTransform;
}

/** The functions `preNAME` for whole lines and `partNAME` for one vector of a line. */
export function blockReader(target: Target, toomCook: ToomCook, name: string, shape: BlockShape): string {
  const points = resultsOf(shape);
  return `${wholeLineReader(target, toomCook, name, shape, points)}
function part${name}(${readerParameters}, limit: usize, last: usize): void {${readerBody(target, toomCook, shape, points, 'vector')}
}`;
}

/** The function `preNAME` alone; `points` says where the results of a line's transform belong among the planes of the block. */
export function wholeLineReader(
  target: Target,
  toomCook: ToomCook,
  name: string,
  shape: BlockShape,
  points: readonly number[],
): string {
  return `function pre${name}(${readerParameters}): void {${readerBody(target, toomCook, shape, points, 'line')}
}`;
}

/** The function `stripNAME` for `wide` columns of whole lines, voxel after voxel, the results of each side by side. */
export function stripReader(target: Target, toomCook: ToomCook, name: string, shape: BlockShape): string {
  return `function strip${name}(${readerParameters}, wide: i32): void {${readerBody(target, toomCook, shape, resultsOf(shape), 'strip')}
}`;
}

const resultsOf = ({ line, planes }: BlockShape) => line(range(planes).map(String))[1].map((_, i) => i);

const readerParameters =
  'x: usize, D: i32, H: i32, W: i32, cb: usize, d0: i32, h0: i32, w0: i32, zeros: usize, dst: usize';

function readerBody(
  target: Target,
  toomCook: ToomCook,
  { side, planes, line }: BlockShape,
  points: readonly number[],
  extent: 'line' | 'vector' | 'strip',
): string {
  const strip = extent === 'strip';
  const place = (point: number) => 64 * point * (strip ? 1 : side * side);
  // `count` vectors side by side, from `offset` in the line.
  const vectors = (offset: number, count: number) => {
    const v = toomCook.fresh('v');
    const lanes = range(count);
    const parts = lanes.map((lane) => line(range(planes).map((z) => `${v}${z}_${lane}`)));
    const statements = parts.map(([text]) => text).join(' ');
    const loads = needed(v, parts).flatMap((z) =>
      lanes.map((lane) => `${v}${z}_${lane} = v128.load(p${z}, ${offset + 16 * lane})`),
    );
    const stores = points.map((point, i) =>
      storeLanes(
        parts.map(([, results]) => results[i]!),
        'dst',
        offset + place(point),
      ),
    );
    const constants = toomCook.constants(statements, 'zeros', constantsPlace - zerosPlace);
    return `{ const ${loads.join(', ')}; ${constants} ${statements} ${stores.join(' ')} }`;
  };
  const needed = (v: string, parts: readonly ReturnType<LineTransform>[]) => {
    const text = parts.flatMap(([statements, results]) => [statements, ...results]).join(' ');
    return range(planes).filter((z) => new RegExp(`\\b${v}${z}_`).test(text));
  };
  const zeros = (count: number) =>
    `{ const z = f32x4.splat(0); ${points
      .map((point) =>
        storeLanes(
          range(count).map(() => 'z'),
          'dst',
          place(point),
        ),
      )
      .join(' ')} }`;
  const guarded = extent === 'vector';
  // The one vector that would reach past the end of the tensor is read from a copy.
  const voxel = (z: number) => (guarded ? `(s + ${z} * sd > limit ? last : s + ${z} * sd)` : `s + ${z} * sd`);
  const lanes = transformLanes(target);
  return `
  const sh = <usize>W * cb, sd = sh * H;
  for (let j = h0; j < h0 + ${side}; j++) for (let k = w0; k < w0 + ${strip ? 'wide' : side}; k++, dst += ${strip ? 64 * points.length : 64}) {
    if (<u32>j < <u32>H && <u32>k < <u32>W) {
      const s = x + <usize>(d0 * H + j) * sh + <usize>k * cb;
      ${range(planes)
        .map((z) => `const p${z} = <u32>(d0 + ${z}) < <u32>D ? ${voxel(z)} : zeros;`)
        .join(' ')}
      ${
        guarded
          ? vectors(0, 1)
          : range(4 / lanes)
              .map((i) => vectors(16 * lanes * i, lanes))
              .join('\n      ')
      }
    } else ${zeros(guarded ? 1 : 4)}
  }`;
}
