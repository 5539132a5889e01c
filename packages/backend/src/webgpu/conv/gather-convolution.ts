import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Size3, volumeOf } from '../../conv/geometry.ts';
import { type GpuBackend, groupSize, runProgram, widthFor } from '../program.ts';
import { quotient, tileColumns } from './tiles.ts';

/**
 * A sum over taps that every convolution and every phase of its adjoint is: on a grid of results, result j of an axis
 * takes tap `firstTap + u * tapStep` times source `sourceStart + j * sourceStride + u * sourceStep` for u < taps, where
 * there is such a source, and goes to place `resultStart + j * resultStep`.
 */
export interface GatherGeometry {
  readonly batch: number;
  readonly grid: Size3;
  readonly taps: Size3;
  readonly firstTap: Size3;
  readonly tapStep: Size3;
  readonly source: Size3;
  readonly sourceStart: Size3;
  readonly sourceStride: Size3;
  readonly sourceStep: Size3;
  readonly result: Size3;
  readonly resultStart: Size3;
  readonly resultStep: Size3;
  readonly filter: Size3;
}

export interface GatherTensors {
  readonly source: TensorInfo;
  /** [...filter, inputs, outputs]. */
  readonly filter: TensorInfo;
  readonly bias?: TensorInfo | undefined;
  readonly result: TensorInfo;
}

/** Source channels that a step of the inner loop takes. */
const depth = 16;

/**
 * Runs a gather: a matrix product of gathered source rows and the filter, by tiles in workgroup memory.
 *
 * @param transposed whether the filter's inputs are the result's channels, as in a gradient for the input
 */
export function gatherConvolution(
  backend: GpuBackend,
  geometry: GatherGeometry,
  tensors: GatherTensors,
  transposed: boolean,
): void {
  const { source, filter, bias, result } = tensors;
  const sources = source.shape.at(-1)!;
  const results = result.shape.at(-1)!;
  const rows = geometry.batch * volumeOf(geometry.grid);
  if (rows === 0) return;
  const columns = tileColumns(rows, results);
  const tileRows = (groupSize / columns) * 4;
  const sourceWidth = widthFor(sources);
  const resultWidth = widthFor(results);
  runProgram(backend, {
    name: 'gather convolution',
    source: () => gatherSource(sourceWidth === 4, resultWidth === 4, transposed, bias !== undefined),
    constants: {
      COLUMNS: columns,
      ROWS: tileRows,
      DEPTH: tileRows > 128 ? depth / 2 : depth,
      transposed,
      biased: bias !== undefined,
    },
    inputs: { source, weights: filter, ...(bias && { bias }) },
    widths: {
      result: resultWidth,
      source: sourceWidth,
      weights: transposed ? sourceWidth : resultWidth,
      bias: resultWidth,
    },
    output: result,
    integers: {
      rows,
      sources,
      results,
      length: volumeOf(geometry.taps) * sources,
      taps: geometry.taps,
      grid: geometry.grid,
      sourceSize: geometry.source,
      sourceStart: geometry.sourceStart,
      sourceStride: geometry.sourceStride,
      sourceStep: geometry.sourceStep,
      resultSize: geometry.result,
      resultStart: geometry.resultStart,
      resultStep: geometry.resultStep,
      filterSize: geometry.filter,
      firstTap: geometry.firstTap,
      tapStep: geometry.tapStep,
    },
    groups: Math.ceil(results / (4 * columns)) * Math.ceil(rows / tileRows),
  });
}

const four = (f: (i: number) => string) => [0, 1, 2, 3].map(f);

// A tile is ROWS results times 4 * COLUMNS channels; an invocation makes four results, LANE_ROWS apart, of four
// channels. Length numbers, taps outermost, are summed up in steps of DEPTH.
function gatherSource(wideSource: boolean, wideResult: boolean, transposed: boolean, biased: boolean): string {
  const wideWeights = transposed ? wideSource : wideResult;
  return `
${quotient}
const QUADS = DEPTH / 4;
const LANE_ROWS = ${groupSize} / COLUMNS;
const LOADERS = min(ROWS, ${groupSize});
const LOADED_ROWS = ROWS / LOADERS;
const QUAD_STEP = ${groupSize} / LOADERS;

var<workgroup> sourceTile : array<vec4<f32>, ROWS * QUADS>;
var<workgroup> weightTile : array<vec4<f32>, DEPTH * COLUMNS>;

// Sample, depth, height, width of a result.
fn placeOf(row : i32) -> vec4<i32> {
  let x = row / uniforms.grid.z;
  let y = x / uniforms.grid.y;
  let z = y / uniforms.grid.x;
  return vec4<i32>(z, y - z * uniforms.grid.x, x - y * uniforms.grid.y, row - x * uniforms.grid.z);
}

fn tapPlace(tap : i32) -> vec3<i32> {
  let line = quotient(tap, uniforms.taps.z);
  let plane = quotient(line, uniforms.taps.y);
  return vec3<i32>(plane, line - plane * uniforms.taps.y, tap - line * uniforms.taps.z);
}

// Offset of a tap's source for a window's corner, or -1 where there is none.
fn sourceOffset(sample : i32, corner : vec3<i32>, tap : i32) -> i32 {
  let p = corner + tapPlace(tap) * uniforms.sourceStep;
  if (sample < 0 || any(p < vec3<i32>(0)) || any(p >= uniforms.sourceSize)) { return -1; }
  let line = (sample * uniforms.sourceSize.x + p.x) * uniforms.sourceSize.y + p.y;
  return (line * uniforms.sourceSize.z + p.z) * uniforms.sources;
}

fn sourceAt(sample : i32, corner : vec3<i32>, k : i32) -> ${wideSource ? 'vec4<f32>' : 'f32'} {
  if (k >= uniforms.length) { return ${wideSource ? 'vec4<f32>(0.0)' : '0.0'}; }
  let tap = quotient(k, uniforms.sources);
  let offset = sourceOffset(sample, corner, tap);
  if (offset < 0) { return ${wideSource ? 'vec4<f32>(0.0)' : '0.0'}; }
  return source[(offset + k - tap * uniforms.sources)${wideSource ? ' / 4' : ''}];
}

fn sourceQuad(sample : i32, corner : vec3<i32>, k : i32) -> vec4<f32> {
  ${wideSource ? 'return sourceAt(sample, corner, k);' : `return vec4<f32>(${four((i) => `sourceAt(sample, corner, k + ${i})`).join(', ')});`}
}

fn weightAt(k : i32, column : i32) -> ${wideWeights ? 'vec4<f32>' : 'f32'} {
  if (k >= uniforms.length || column >= uniforms.results) { return ${wideWeights ? 'vec4<f32>(0.0)' : '0.0'}; }
  let tap = quotient(k, uniforms.sources);
  let t = uniforms.firstTap + tapPlace(tap) * uniforms.tapStep;
  let row = (t.x * uniforms.filterSize.y + t.y) * uniforms.filterSize.z + t.z;
  let channel = k - tap * uniforms.sources;
  let at = ${transposed ? '(row * uniforms.results + column) * uniforms.sources + channel' : '(row * uniforms.sources + channel) * uniforms.results + column'};
  return weights[at${wideWeights ? ' / 4' : ''}];
}

fn weightQuad(k : i32, column : i32) -> vec4<f32> {
  ${
    wideWeights
      ? 'return weightAt(k, column);'
      : `return vec4<f32>(${four((i) => (transposed ? `weightAt(k + ${i}, column)` : `weightAt(k, column + ${i})`)).join(', ')});`
  }
}

fn store(row : i32, column : i32, sum : vec4<f32>) {
  if (row >= uniforms.rows || column >= uniforms.results) { return; }
  let place = placeOf(row);
  let p = uniforms.resultStart + place.yzw * uniforms.resultStep;
  let line = (place.x * uniforms.resultSize.x + p.x) * uniforms.resultSize.y + p.y;
  let at = (line * uniforms.resultSize.z + p.z) * uniforms.results + column;
  ${
    wideResult
      ? `result[at / 4] = sum${biased ? ' + bias[column / 4]' : ''};`
      : four(
          (i) =>
            `if (column + ${i} < uniforms.results) { result[at + ${i}] = sum[${i}]${biased ? ` + bias[column + ${i}]` : ''}; }`,
        ).join('\n  ')
  }
}

fn main(index : i32) {
  let lane = i32(localIndex);
  let group = index / ${groupSize};
  let tiles = (uniforms.results + 4 * COLUMNS - 1) / (4 * COLUMNS);
  let firstColumn = (group % tiles) * 4 * COLUMNS;
  let firstRow = (group / tiles) * ROWS;
  let loader = lane % LOADERS;
  let firstQuad = lane / LOADERS;
  var sample : array<i32, LOADED_ROWS>;
  var corner : array<vec3<i32>, LOADED_ROWS>;
  for (var i = 0; i < LOADED_ROWS; i++) {
    let row = firstRow + loader + i * LOADERS;
    let place = placeOf(row);
    sample[i] = select(-1, place.x, row < uniforms.rows);
    corner[i] = uniforms.sourceStart + place.yzw * uniforms.sourceStride;
  }
  let column = lane % COLUMNS;
  let row = lane / COLUMNS;
  ${four((i) => `var sum${i} = vec4<f32>(0.0);`).join(' ')}
  for (var k = 0; k < uniforms.length; k += DEPTH) {
    for (var q = firstQuad; q < QUADS; q += QUAD_STEP) {
      for (var i = 0; i < LOADED_ROWS; i++) {
        sourceTile[q * ROWS + loader + i * LOADERS] = sourceQuad(sample[i], corner[i], k + 4 * q);
      }
    }
    for (var e = lane; e < DEPTH * COLUMNS; e += ${groupSize}) {
      ${
        transposed
          ? 'weightTile[e] = weightQuad(k + 4 * (e % QUADS), firstColumn + e / QUADS);'
          : 'weightTile[e] = weightQuad(k + e / COLUMNS, firstColumn + 4 * (e % COLUMNS));'
      }
    }
    workgroupBarrier();
    for (var q = 0; q < QUADS; q++) {
      let w = mat4x4<f32>(${four((i) => (transposed ? `weightTile[(4 * column + ${i}) * QUADS + q]` : `weightTile[(4 * q + ${i}) * COLUMNS + column]`)).join(', ')});
      let at = q * ROWS + row;
      ${four((i) => `sum${i} += ${transposed ? `sourceTile[at + ${i} * LANE_ROWS] * w` : `w * sourceTile[at + ${i} * LANE_ROWS]`};`).join('\n      ')}
    }
    workgroupBarrier();
  }
  ${four((i) => `store(firstRow + row + ${i} * LANE_ROWS, firstColumn + 4 * column, sum${i});`).join('\n  ')}
}
`;
}
