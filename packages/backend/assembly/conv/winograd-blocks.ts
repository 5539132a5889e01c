import { type BlockShape, blockReader, stripReader, wholeLineReader } from './line-readers.ts';
import { readAhead } from './read-ahead.ts';
import { separable } from './separable.ts';
import { range, type Target } from './target.ts';
import { type LineTransform, pairPoints, type ToomCook } from './toom-cook.ts';
import {
  depthPairs,
  depthPoints,
  scratchPlaces,
  stripBytes,
  tileSide,
  type Variant,
  zerosPlace,
} from './winograd-variants.ts';

/** Channels, in bytes, up to which all points of a strip stay in the second-level cache beside a block. */
const stripChannelBytes = 128;

/**
 * The transforms of one tile: inputs (vt), outputs (yt), weights (ut) and, with stride 1, output gradients (gt) and
 * filter gradients (wt).
 */
export function tileTransforms(target: Target, toomCook: ToomCook, { id, depth, plane, stride }: Variant): string {
  const one = { inputs: 1, outputs: 1 };
  const strided = stride === 2;
  const axis = (inputs: number, outputs: number, line: LineTransform) => ({ inputs, outputs, line });
  const output = (m: number) => axis(m + 2, m, toomCook.output(m));
  const weights = (m: number) => axis(3, m + 2, toomCook.weights(m));
  const taps = (m: number) => axis(m + 2, 3, toomCook.weightGradient(m));
  const gradient = axis(plane, plane + 2, toomCook.gradient(plane));
  const input = strided ? axis(9, 9, toomCook.stridedInput) : axis(plane + 2, plane + 2, toomCook.input(plane));
  const planeOutput = strided ? axis(9, 4, toomCook.stridedOutput) : output(plane);
  const planeWeights = strided ? axis(3, 6, toomCook.stridedWeights) : weights(plane);
  const deep = depth > 1;
  const transforms = [
    separable(target, toomCook, {
      name: `vt${id}`,
      axes: [one, input, input],
      order: [0, 2, 1],
      source: 'compact',
      target: 'points',
    }),
    separable(target, toomCook, {
      name: `yt${id}`,
      axes: [deep ? output(depth) : one, planeOutput, planeOutput],
      order: [0, 1, 2],
      source: 'points',
      target: 'strided',
      bias: true,
    }),
    separable(target, toomCook, {
      name: `ut${id}`,
      axes: [deep ? weights(depth) : one, planeWeights, planeWeights],
      order: [0, 2, 1],
      source: 'strided',
      target: 'points',
    }),
  ];
  if (strided) return transforms.join('\n');
  const strips = depthPairs({ depth }) > 0 ? [depth + 2, 2] : [];
  return [
    ...transforms,
    ...strips.flatMap((stripPoints) =>
      (
        [
          ['vt', input],
          ['gt', gradient],
        ] as const
      ).map(([kind, line]) =>
        separable(target, toomCook, {
          name: `${kind}${id}strip${stripPoints}`,
          axes: [one, line, line],
          order: [0, 2, 1],
          source: 'strip',
          stripPoints,
          target: 'points',
        }),
      ),
    ),
    separable(target, toomCook, {
      name: `gt${id}`,
      axes: [one, gradient, gradient],
      order: [0, 2, 1],
      source: 'compact',
      target: 'points',
    }),
    separable(target, toomCook, {
      name: `wt${id}`,
      axes: [deep ? taps(depth) : one, taps(plane), taps(plane)],
      order: [0, 1, 2],
      source: 'points',
      target: 'strided',
    }),
  ].join('\n');
}

/**
 * Reads a block of lines of 64 bytes (16 channels) from the tensor into compact scratch, transformed along the depth;
 * zeros outside. Whole lines, because rows of NDHWC tensors are often a power of two apart and would evict each other
 * from L1 between visits. `part` does one vector of a line and minds the end of the tensor.
 */
export function depthPasses(target: Target, toomCook: ToomCook, variant: Variant): string {
  const { id, depth, plane, stride } = variant;
  const unchanged: LineTransform = (x) => ['', x];
  const inputs = {
    side: tileSide(variant),
    planes: depthPoints(variant),
    line: depth === 1 ? unchanged : toomCook.input(depth),
  };
  const gradients = { side: plane, planes: depth, line: depth === 1 ? unchanged : toomCook.gradient(depth) };
  const reader = (name: string, shape: BlockShape) => blockReader(target, toomCook, `${name}${id}`, shape);
  if (stride === 2) return [blocks(variant), reader('in', inputs)].join('\n');
  const strip = (name: string, shape: BlockShape) => stripReader(target, toomCook, name, shape);
  // Two points along the depth at a time.
  const pairs = range(depthPairs(variant)).flatMap((pair) =>
    (
      [
        ['in', inputs, toomCook.inputPair(depth, pair)],
        ['dy', gradients, toomCook.gradientPair(depth, pair)],
      ] as const
    ).flatMap(([kind, shape, line]) => [
      wholeLineReader(target, toomCook, `${kind}${id}pair${pair}`, { ...shape, line }, pairPoints(depth, pair)),
      strip(`${kind}${id}pair${pair}`, { ...shape, line }),
    ]),
  );
  const strips = pairs.length === 0 ? [] : [strip(`in${id}`, inputs), strip(`dy${id}`, gradients)];
  return [blocks(variant), reader('in', inputs), reader('dy', gradients), ...pairs, ...strips].join('\n');
}

/**
 * A loop over the points along the depth: those of a pair (see `pairPoints`), or all where there is no such pair.
 */
export function eachDepthPoint(variant: Variant, body: string): string {
  const points = depthPoints(variant);
  const pairs = depthPairs(variant);
  if (pairs === 0) return `for (let i = 0; i < ${points}; i++) ${body}`;
  return `const all = <u32>pair >= ${pairs}, first = all || !pair ? 0 : 2 * pair - 1;
      for (let i = first, step = pair ? 1 : ${points - 1}, stop = all || !pair ? ${points} : first + 2; i < stop; i += step) ${body}`;
}

/**
 * Whole tiles: from the tensors to rows of points (vr apart, blocks of 16 channels vb apart) and back, any size (edge
 * tiles) and any number of channels. Outputs too go through compact lines, for the same reason as inputs.
 */
function blocks(variant: Variant): string {
  const { id, depth, plane, stride } = variant;
  const places = scratchPlaces(variant);
  const points = depthPoints(variant);
  const n2 = tileSide(variant) ** 2;
  // Tiles are numbered over batch, depth, rows, columns when the depth is transformed, else over one plane's rows and columns.
  const place = (name: string, batch: string) =>
    depth === 1
      ? `const w0 = t % TW * ${plane}, h0 = t / TW * ${plane}, d0 = z, ${name}b = ${name};`
      : `const w0 = t % TW * ${plane}, h0 = t / TW % TH * ${plane}, block = t / (TW * TH), d0 = block % TD * ${depth}, ${name}b = ${name} + <usize>(block / TD) * ${batch};`;
  const first = depth === 1 ? 'z: i32, ' : '';
  const eachPair = (call: (suffix: string) => string) => {
    const pairs = range(depthPairs(variant)).map((pair) => `case ${pair}: ${call(`pair${pair}`)} break;`);
    return pairs.length === 0 ? call('') : `switch (pair) { ${pairs.join(' ')} default: ${call('')} }`;
  };
  // Lines of 64 bytes may reach into the next voxel, whose channels end up in columns that nothing reads; but not past
  // the end of the tensor, where `part` minds it.
  const read = (kind: 'in' | 'dy') =>
    eachPair((suffix) => `pre${kind}${id}${suffix}(xb + c, D, H, W, cb, d1, h1, w1, tmp + ${zerosPlace}, lines);`);
  const lastLine = (kind: 'in' | 'dy', side: number, wide: number | string) =>
    `xb + <usize>((min(d1 + ${kind === 'in' ? points : depth}, D) - 1) * H + min(h1 + ${side}, H) - 1) * W * cb + <usize>(min(w1 + ${wide}, W) - 1) * cb + 48`;
  const transformBlock = (kind: 'in' | 'dy', transform: string, side: number, [d, h, w]: readonly string[]) => `
    const d1 = ${d}, h1 = ${h}, w1 = ${w};
    ${stripped ? fromStrip(kind, transform, side) : ''}
    ${ahead(kind).read('xb', ['d1', 'h1', 'w1'], `tmp + ${places.lines}`)}
    const end = ${lastLine(kind, side, side)};
    for (let c: usize = 0; c < vc; c += 64) {
      const lines = tmp + ${places.lines}, left = vc - c, width = left < 64 ? left : 64;
      if (end + c <= limit) ${read(kind)}
      else for (let i: usize = 0; i < width; i += 16)
        part${kind}${id}(xb + c + i, D, c + i < cb ? H : 0, W, cb, d1, h1, w1, tmp + ${zerosPlace}, lines + i, limit, last);
      let q = v + (c >> 6) * vb;
      ${eachDepthPoint(variant, `{ ${transform}${id}(lines + <usize>i * ${side * side * 64}, q, vp, width, tmp); q += ${n2} * vp; }`)}
    }`;
  // A strip: tiles of a row whose lines are transformed along the depth together, because neighbours share them and memory
  // is read row by row. Its lines wait in the second-level cache until their tiles come.
  const stripped = depthPairs(variant) > 0;
  const stripBegin = (side: number) =>
    stripped
      ? `const paired = <u32>pair < ${depthPairs(variant)}, stripLines = paired ? 2 : ${points};
  const widest = <i32>(${Math.floor(stripBytes / side)} / (<usize>stripLines * (vc + 63 & ~63)));
  const stripTiles = widest >= ${side} && (paired || vc <= ${stripChannelBytes}) ? (widest - ${side}) / ${plane} + 1 : 0;
  let begun = t0, beyond = t0, wide = 0, inStrip = false;`
      : '';
  const fromStrip = (kind: 'in' | 'dy', transform: string, side: number) => {
    const strip = `tmp + ${places.strip} + c * <usize>(stripLines * wide * ${side})`;
    const transformed = (count: number) =>
      `for (let i = 0; i < ${count}; i++, s += 64, q += ${n2} * vp) ${transform}${id}strip${count}(s, <usize>wide * ${64 * count}, q, vp, width, tmp);`;
    return `if (t >= beyond) {
      const count = min(min(stripTiles, t1 - t), TW - t % TW);
      begun = t; beyond = t + max(1, count); wide = (count - 1) * ${plane} + ${side};
      inStrip = count > 1 && ${lastLine(kind, side, 'wide')} + (vc - 1 & ~63) <= limit;
      if (inStrip) for (let c: usize = 0; c < vc; c += 64) {
        const s = ${strip};
        ${eachPair((suffix) => `strip${kind}${id}${suffix}(xb + c, D, H, W, cb, d1, h1, w1, tmp + ${zerosPlace}, s, wide);`)}
      }
    }
    if (inStrip) {
      for (let c: usize = 0; c < vc; c += 64) {
        const left = vc - c, width: usize = left < 64 ? left : 64;
        let q = v + (c >> 6) * vb, s = ${strip} + <usize>((t - begun) * stripLines) * ${plane * 64};
        if (paired) { ${transformed(2)} } else { ${transformed(points)} }
      }
      continue;
    }`;
  };
  const tiles = (od: string, oh: string, ow: string) =>
    `const TW = (${ow} + ${plane - 1}) / ${plane}, TH = (${oh} + ${plane - 1}) / ${plane}${depth === 1 ? '' : `, TD = (${od} + ${depth - 1}) / ${depth}`};`;
  const ahead = (kind: 'in' | 'dy') =>
    kind === 'in'
      ? readAhead({ planes: points, side: tileSide(variant), step: plane * stride })
      : readAhead({ planes: depth, side: plane, step: plane });
  const tensor = 'x: usize, xn: usize, D: i32, H: i32, W: i32, cb: usize';
  const run = `${depthPairs(variant) ? 'pair: i32, ' : ''}${first}t0: i32, t1: i32, v: usize, vp: usize, vc: usize, vr: usize, vb: usize, tmp: usize, limit: usize, last: usize`;
  return `function inputs${id}(${tensor}, OD: i32, OH: i32, OW: i32, pd: i32, ph: i32, pw: i32, ${run}): void {
  ${tiles('OD', 'OH', 'OW')}
  ${ahead('in').begin}
  ${stripBegin(tileSide(variant))}
  for (let t = t0; t < t1; t++, v += vr) {
    ${place('x', 'xn')}${transformBlock('in', 'vt', tileSide(variant), [depth === 1 ? 'd0' : 'd0 - pd', `${stride} * h0 - ph`, `${stride} * w0 - pw`])}
  }
}
${
  stride === 2
    ? ''
    : `function grads${id}(${tensor}, ${run}): void {
  ${tiles('D', 'H', 'W')}
  ${ahead('dy').begin}
  ${stripBegin(plane)}
  for (let t = t0; t < t1; t++, v += vr) {
    ${place('x', 'xn')}${transformBlock('dy', 'gt', plane, ['d0', 'h0', 'w0'])}
  }
}`
}
function outputs${id}(y: usize, yn: usize, D: i32, H: i32, W: i32, cb: usize, ${first}t0: i32, t1: i32, v: usize, vp: usize, vc: usize, bias: usize, tmp: usize): void {
  ${tiles('D', 'H', 'W')}
  const sh = <usize>W * cb, sd = <usize>H * sh, edge = tmp + ${places.edge};
  ${ahead('dy').begin}
  for (let t = t0; t < t1; t++, v += vc) {
    ${place('y', 'yn')}
    ${ahead('dy').read('yb', ['d0', 'h0', 'w0'], 'edge')}
    const q = yb + <usize>d0 * sd + <usize>h0 * sh + <usize>w0 * cb;
    const nd = min(${depth}, D - d0), nh = min(${plane}, H - h0), nw = min(${plane}, W - w0);
    for (let c: usize = 0; c < cb; c += 64) {
      const left = vc - c, bytes = cb - c;
      yt${id}(v + c, vp, edge, ${plane * plane * 64}, ${plane * 64}, 64, left < 64 ? left : 64, tmp, bias + c);
      for (let i = 0; i < nd; i++) for (let j = 0; j < nh; j++) {
        const s = edge + <usize>((i * ${plane} + j) * ${plane * 64});
        copyLines(s, s + <usize>nw * 64, q + <usize>i * sd + <usize>j * sh + c, cb, bytes);
      }
    }
  }
}`;
}
