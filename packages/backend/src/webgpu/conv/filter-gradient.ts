import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type ConvGeometry, volumeOf } from '../../conv/geometry.ts';
import { sizeOf } from '../../fused/context.ts';
import { foldParts } from '../fold.ts';
import { type GpuBackend, groupSize, runProgram, widthFor } from '../program.ts';
import { quotient, tileColumns } from './tiles.ts';

/** Output voxels that a step of the inner loop takes. */
const depth = 16;
/** Output voxels that one workgroup sums up at least, so that partial sums stay few. */
const leastVoxels = 256;
/** Workgroups that fill a large GPU. */
const wantedGroups = 1024;
/** Bytes of partial sums at most. */
const mostPartialBytes = 64 * 2 ** 20;

/**
 * The gradient for the filter: a product of gathered inputs, transposed, and output gradients, over all output voxels.
 * The voxels are cut into equal parts, whose sums a second pass adds up, so that the result is the same in every run.
 *
 * @param dw [...kernel, inputs, outputs], written to
 */
export function filterGradient(
  backend: GpuBackend,
  g: ConvGeometry,
  { x, dy, dw }: { readonly x: TensorInfo; readonly dy: TensorInfo; readonly dw: TensorInfo },
): void {
  const rows = volumeOf(g.kernel) * g.inChannels;
  const voxels = g.batch * volumeOf(g.output);
  const columns = tileColumns(rows, g.outChannels);
  const tileRows = (groupSize / columns) * 4;
  const tiles = Math.ceil(rows / tileRows) * Math.ceil(g.outChannels / (4 * columns));
  const parts = partsFor(voxels, tiles, sizeOf(dw.shape) * 4);
  const voxelsPerPart = Math.ceil(voxels / parts / depth) * depth;
  const partial = parts === 1 ? dw : backend.makeTensorInfo([parts, rows, g.outChannels], 'float32');
  const [inWidth, outWidth] = [widthFor(g.inChannels), widthFor(g.outChannels)];
  runProgram(backend, {
    name: 'filter gradient',
    source: () => gradientSource(inWidth === 4, outWidth === 4),
    constants: { COLUMNS: columns, DEPTH: depth, wideInputs: inWidth === 4, wideOutputs: outWidth === 4 },
    inputs: { x, dy },
    widths: { x: inWidth, dy: outWidth, result: outWidth },
    output: partial,
    integers: {
      voxels,
      voxelsPerPart,
      parts,
      rows,
      inputs: g.inChannels,
      outputs: g.outChannels,
      kernel: g.kernel,
      grid: g.output,
      size: g.input,
      stride: g.stride,
      dilation: g.dilation,
      pad: g.pad,
    },
    groups: tiles * parts,
  });
  if (parts === 1) return;
  foldParts(backend, partial, dw, { parts, inner: sizeOf(dw.shape) });
  backend.disposeData(partial.dataId);
}

function partsFor(voxels: number, tiles: number, bytes: number): number {
  const wanted = Math.max(Math.ceil(wantedGroups / tiles), Math.ceil(voxels / 4096));
  const most = Math.min(Math.ceil(voxels / leastVoxels), Math.floor(mostPartialBytes / bytes));
  return Math.max(1, Math.min(wanted, most));
}

const four = (f: (i: number) => string) => [0, 1, 2, 3].map(f);

// Row tap * inputs + channel of the matrix is one number of a filter; four neighbours have their tap in common where the
// inputs come in fours.
function gradientSource(wideInputs: boolean, wideOutputs: boolean): string {
  const rowParts = wideInputs ? [0] : [0, 1, 2, 3];
  return `
${quotient}
const LANE_ROWS = ${groupSize} / COLUMNS;

var<workgroup> inputTile : array<vec4<f32>, DEPTH * LANE_ROWS>;
var<workgroup> gradientTile : array<vec4<f32>, DEPTH * COLUMNS>;

// Where a row's tap lies from a window's corner.
fn tapOffset(row : i32) -> vec3<i32> {
  let tap = row / uniforms.inputs;
  let line = tap / uniforms.kernel.z;
  let plane = line / uniforms.kernel.y;
  let t = vec3<i32>(plane, line - plane * uniforms.kernel.y, tap - line * uniforms.kernel.z);
  return t * uniforms.dilation - uniforms.pad;
}

fn inputAt(voxel : i32, end : i32, offset : vec3<i32>, channel : i32) -> ${wideInputs ? 'vec4<f32>' : 'f32'} {
  if (voxel >= end || channel < 0) { return ${wideInputs ? 'vec4<f32>(0.0)' : '0.0'}; }
  let row = quotient(voxel, uniforms.grid.z);
  let plane = quotient(row, uniforms.grid.y);
  let sample = quotient(plane, uniforms.grid.x);
  let place = vec3<i32>(plane - sample * uniforms.grid.x, row - plane * uniforms.grid.y, voxel - row * uniforms.grid.z);
  let p = place * uniforms.stride + offset;
  if (any(p < vec3<i32>(0)) || any(p >= uniforms.size)) { return ${wideInputs ? 'vec4<f32>(0.0)' : '0.0'}; }
  let line = (sample * uniforms.size.x + p.x) * uniforms.size.y + p.y;
  return x[((line * uniforms.size.z + p.z) * uniforms.inputs + channel)${wideInputs ? ' / 4' : ''}];
}

fn gradientQuad(voxel : i32, end : i32, column : i32) -> vec4<f32> {
  if (voxel >= end || column >= uniforms.outputs) { return vec4<f32>(0.0); }
  let at = voxel * uniforms.outputs + column;
  ${
    wideOutputs
      ? 'return dy[at / 4];'
      : `var quad = vec4<f32>(dy[at], 0.0, 0.0, 0.0);
  ${[1, 2, 3].map((i) => `if (column + ${i} < uniforms.outputs) { quad[${i}] = dy[at + ${i}]; }`).join('\n  ')}
  return quad;`
  }
}

fn store(part : i32, row : i32, column : i32, sum : vec4<f32>) {
  if (part >= uniforms.parts || row >= uniforms.rows || column >= uniforms.outputs) { return; }
  let at = (part * uniforms.rows + row) * uniforms.outputs + column;
  ${
    wideOutputs
      ? 'result[at / 4] = sum;'
      : four((i) => `if (column + ${i} < uniforms.outputs) { result[at + ${i}] = sum[${i}]; }`).join('\n  ')
  }
}

fn main(index : i32) {
  let lane = i32(localIndex);
  let group = index / ${groupSize};
  let columnTiles = (uniforms.outputs + 4 * COLUMNS - 1) / (4 * COLUMNS);
  let rowTiles = (uniforms.rows + 4 * LANE_ROWS - 1) / (4 * LANE_ROWS);
  let firstColumn = (group % columnTiles) * 4 * COLUMNS;
  let firstRow = ((group / columnTiles) % rowTiles) * 4 * LANE_ROWS;
  let part = group / (columnTiles * rowTiles);
  let end = min(uniforms.voxels, (part + 1) * uniforms.voxelsPerPart);
  // An invocation always loads the same four rows, of every so many-th voxel.
  let loadedRow = firstRow + 4 * (lane % LANE_ROWS);
  ${rowParts
    .map(
      (i) => `let offset${i} = tapOffset(loadedRow + ${i});
  let channel${i} = select(-1, (loadedRow + ${i}) % uniforms.inputs, loadedRow + ${i} < uniforms.rows);`,
    )
    .join('\n  ')}
  let column = lane % COLUMNS;
  let row = lane / COLUMNS;
  ${four((i) => `var sum${i} = vec4<f32>(0.0);`).join(' ')}
  for (var step = 0; step < uniforms.voxelsPerPart; step += DEPTH) {
    let voxel = part * uniforms.voxelsPerPart + step;
    for (var e = lane; e < DEPTH * LANE_ROWS; e += ${groupSize}) {
      let v = voxel + e / LANE_ROWS;
      inputTile[e] = ${
        wideInputs
          ? 'inputAt(v, end, offset0, channel0)'
          : `vec4<f32>(${four((i) => `inputAt(v, end, offset${i}, channel${i})`).join(', ')})`
      };
    }
    for (var e = lane; e < DEPTH * COLUMNS; e += ${groupSize}) {
      gradientTile[e] = gradientQuad(voxel + e / COLUMNS, end, firstColumn + 4 * (e % COLUMNS));
    }
    workgroupBarrier();
    for (var k = 0; k < DEPTH; k++) {
      let a = inputTile[k * LANE_ROWS + row];
      let b = gradientTile[k * COLUMNS + column];
      ${four((i) => `sum${i} += a[${i}] * b;`).join(' ')}
    }
    workgroupBarrier();
  }
  ${four((i) => `store(part, firstRow + 4 * row + ${i}, firstColumn + 4 * column, sum${i});`).join('\n  ')}
}
`;
}
