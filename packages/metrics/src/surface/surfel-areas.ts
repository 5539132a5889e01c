import type { Triple } from '@seg/core';
import type { AxesMm } from '../grid.ts';

type Point = readonly [number, number, number];
type Triangle = readonly [Point, Point, Point];

/** The triangles of every neighbourhood in the unit cube, made when first asked for. */
let triangles: (readonly Triangle[])[] | undefined;

/** Corner k of the unit cube: bit 2 of k is z, bit 1 y, bit 0 x. */
function cornerOf(k: number): Point {
  return [(k >> 2) & 1, (k >> 1) & 1, k & 1];
}

/**
 * Area in mm^2 of the surface inside each of the 256 neighbourhoods of 2 x 2 x 2 voxels, the voxels being the corners
 * of a cell with sides `sidesMm` (a spacing, or axes at any angles); bit k of the code is set if corner k (z, y, x bits of k) belongs to the object.
 *
 * Marching cubes with vertices at the middles of the edges (Lorensen and Cline 1987), made from its rules rather than
 * from its table: objects of five voxels and more are their complement's; on a face with two opposite corners set, the
 * surface keeps those corners apart; a loop of edge points is cut into triangles from one end of its longest diagonal.
 */
export function surfelAreas(sidesMm: Triple | AxesMm): Float64Array {
  const axesMm = isSpacing(sidesMm) ? stepsAtRightAngles(sidesMm) : sidesMm;
  triangles ??= Array.from({ length: 256 }, (_, code) => trianglesOf(code));
  return Float64Array.from(triangles, (own) => own.reduce((sum, t) => sum + triangleArea(t, axesMm), 0));
}

function isSpacing(sidesMm: Triple | AxesMm): sidesMm is Triple {
  return typeof sidesMm[0] === 'number';
}

function stepsAtRightAngles([sz, sy, sx]: Triple): AxesMm {
  return [
    [sz, 0, 0],
    [0, sy, 0],
    [0, 0, sx],
  ];
}

/**
 * Length in mm of the contour inside each of the 16 neighbourhoods of 2 x 2 pixels with sides (y, x) `spacingMm`; bit k
 * of the code is set if corner k (y, x bits of k) belongs to the object. Opposite corners are kept apart.
 */
export function contourLengths(spacingMm: Triple): Float64Array {
  const [, y, x] = spacingMm;
  const corner = Math.hypot(y, x) / 2;
  const lengths = new Float64Array(16);
  for (let code = 1; code < 15; code++) {
    const corners = bitCount(code);
    if (corners !== 2) lengths[code] = corner;
    else if (code === 0b0110 || code === 0b1001) lengths[code] = 2 * corner;
    else lengths[code] = code === 0b0011 || code === 0b1100 ? x : y;
  }
  return lengths;
}

function trianglesOf(code: number): Triangle[] {
  const object = bitCount(code) > 4 ? 255 - code : code;
  return loopsOf(object).flatMap((loop) => {
    const first = endOfLongestDiagonal(loop);
    const turned = [...loop.slice(first), ...loop.slice(0, first)];
    return turned.slice(2).map((last, i): Triangle => [turned[0]!, turned[i + 1]!, last]);
  });
}

/** The closed loops of edge middles that separate the object's corners from the others. */
function loopsOf(object: number): Point[][] {
  const next = new Map<string, string[]>();
  const points = new Map<string, Point>();
  for (const [from, to] of faceSegments(object)) {
    for (const [a, b] of [
      [from, to],
      [to, from],
    ] as const) {
      points.set(a.join(), a);
      next.set(a.join(), [...(next.get(a.join()) ?? []), b.join()]);
    }
  }
  const loops: Point[][] = [];
  const seen = new Set<string>();
  for (const start of next.keys()) {
    const loop: Point[] = [];
    for (let at: string | undefined = start; at !== undefined && !seen.has(at); ) {
      seen.add(at);
      loop.push(points.get(at)!);
      at = next.get(at)!.find((key) => !seen.has(key));
    }
    if (loop.length > 0) loops.push(loop);
  }
  return loops;
}

/** On each face of the cube, the segments between edge middles that cut the object's corners off the others. */
function faceSegments(object: number): [Point, Point][] {
  const segments: [Point, Point][] = [];
  for (const axisBit of [1, 2, 4]) {
    const [u, v] = [1, 2, 4].filter((bit) => bit !== axisBit) as [number, number];
    for (const side of [0, axisBit]) {
      const ring = [side, side | u, side | u | v, side | v];
      const inside = ring.map((corner) => (object >> corner) & 1);
      const middles = ring.map((corner, i) => middle(cornerOf(corner), cornerOf(ring[(i + 1) % 4]!)));
      const cut = [0, 1, 2, 3].filter((i) => inside[i] !== inside[(i + 1) % 4]);
      if (cut.length === 2) segments.push([middles[cut[0]!]!, middles[cut[1]!]!]);
      if (cut.length === 4) {
        for (const i of [0, 1, 2, 3]) if (inside[i] === 1) segments.push([middles[(i + 3) % 4]!, middles[i]!]);
      }
    }
  }
  return segments;
}

function endOfLongestDiagonal(loop: readonly Point[]): number {
  let best = 0;
  let longest = 0;
  for (let i = 0; i < loop.length; i++) {
    for (let j = i + 2; j < loop.length; j++) {
      if (i === 0 && j === loop.length - 1) continue;
      const [a, b] = [loop[i]!, loop[j]!];
      const squared = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
      if (squared > longest) [best, longest] = [i, squared];
    }
  }
  return best;
}

function middle(a: Point, b: Point): Point {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2];
}

function triangleArea([a, b, c]: Triangle, axes: AxesMm): number {
  const side = (to: Point) =>
    [0, 1, 2].map((row) => axes.reduce((sum, step, k) => sum + (to[k as 0]! - a[k as 0]!) * step[row as 0]!, 0)) as [
      number,
      number,
      number,
    ];
  const [u, v] = [side(b), side(c)];
  return Math.hypot(u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]) / 2;
}

function bitCount(code: number): number {
  let count = 0;
  for (let rest = code; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}
