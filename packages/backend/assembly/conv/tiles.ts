import { fma, range, storeLanes, type Target, tileRows, tileWidth } from './target.ts';

/**
 * The register tiles: R rows by the tile's width of accumulators, unrolled by name because AssemblyScript has no arrays
 * of locals. One k step a loop turn: V8 sinks pure operations to their uses, so an unrolled body would keep every load
 * of the body alive and spill the accumulators.
 */
export function tiles(target: Target): string {
  return range(tileRows)
    .map((i) => i + 1)
    .flatMap((rows) => [
      product(target, rows),
      direct(target, rows),
      outer(target, rows),
      sums(target, rows),
      narrow(target, rows),
      dot(target, rows),
    ])
    .concat(narrow(target, 2 * tileRows), probe(target))
    .join('\n');
}

// The largest product alone, to be timed at the start: C[groups * 6][width] = A[groups * 6][k] B[k][width].
function probe(target: Target): string {
  return `export function probe(groups: i32, kb: usize, a: usize, b: usize, c: usize): void {
  gemm${tileRows}(groups, 1, a, a, a, kb, kb, b, c, ${tileWidth(target) * 4});
}`;
}

const each = (target: Target, rows: number, f: (i: number, j: number) => string, separator = ' ') =>
  range(rows)
    .flatMap((i) => range(target.vectors).map((j) => f(i, j)))
    .join(separator);

// One step of k: accumulators c[i][j] += splat(a_i) * b_j.
function step(target: Target, rows: number, a: (i: number) => string, b: string): string {
  const vectors = range(target.vectors);
  const loads = vectors.map((j) => `const q${j} = v128.load(${b}, ${16 * j});`).join(' ');
  const row = (i: number) =>
    `s = v128.load32_splat(${a(i)}); ${vectors.map((j) => `c${i}_${j} = ${fma(target, 's', `q${j}`, `c${i}_${j}`)};`).join(' ')}`;
  return `${loads} let s: v128;\n      ${range(rows).map(row).join('\n      ')}`;
}

const store = (target: Target, rows: number, c: string, pitch: string) =>
  range(rows)
    .map((i) =>
      storeLanes(
        range(target.vectors).map((j) => `c${i}_${j}`),
        `${c} + ${i} * ${pitch}`,
      ),
    )
    .join('\n  ');

// C[R][width] = sum over n slots and k of A_slot[r][k] B[slot][k][width], for a run of row groups: rows of A are sa
// bytes apart, kb = bytes of k.
function product(target: Target, rows: number): string {
  const width = tileWidth(target) * 4;
  return `function gemm${rows}(groups: i32, n: i32, a0: usize, a1: usize, a2: usize, sa: usize, kb: usize, b0: usize, c: usize, sc: usize): void {
  do {
    let b = b0, a = a0, slot = 1;
    ${each(target, rows, (i, j) => `let c${i}_${j} = f32x4.splat(0);`)}
    for (;;) {
      ${range(rows)
        .map((i) => `let p${i} = a + ${i} * sa;`)
        .join(' ')}
      const e = a + kb;
      do {
        ${step(target, rows, (i) => `p${i}`, 'b')}
        b += ${width}; ${range(rows)
          .map((i) => `p${i} += 4;`)
          .join(' ')}
      } while (p0 < e);
      if (slot == n) break;
      a = slot == 1 ? a1 : a2; slot++;
    }
    ${store(target, rows, 'c', 'sc')}
    a0 += ${rows} * sa; a1 += ${rows} * sa; a2 += ${rows} * sa; c += ${rows} * sc;
  } while (--groups);
}`;
}

// R positions, ps bytes apart, times the tile's width of channels: runs of contiguous floats at the offsets of a table.
function direct(target: Target, rows: number): string {
  const width = tileWidth(target) * 4;
  return `function direct${rows}(x: usize, table: usize, tableEnd: usize, run: usize, ps: usize, b: usize, bias: usize, y: usize, ys: usize): void {
  ${each(target, rows, (i, j) => `let c${i}_${j} = v128.load(bias, ${16 * j});`)}
  do {
    const r = x + load<usize>(table);
    ${range(rows)
      .map((i) => `let p${i} = r + ${i} * ps;`)
      .join(' ')}
    const e = r + run;
    do {
      ${step(target, rows, (i) => `p${i}`, 'b')}
      b += ${width}; ${range(rows)
        .map((i) => `p${i} += 4;`)
        .join(' ')}
    } while (p0 < e);
    table += 4;
  } while (table < tableEnd);
  ${store(target, rows, 'y', 'ys')}
}`;
}

// As direct, but one vector of channels, 16 bytes a row of the result; the second half of many rows is reached from the
// pointers of the first, for want of registers.
function narrow(target: Target, rows: number): string {
  const width = tileWidth(target) * 4;
  const pointers = Math.min(rows, tileRows);
  const at = (i: number) => (i < pointers ? `p${i}` : `p${i - pointers} + far`);
  return `function narrow${rows}(x: usize, table: usize, tableEnd: usize, run: usize, ps: usize, b: usize, bias: usize, y: usize): void {
  ${range(rows)
    .map((i) => `let c${i} = v128.load(bias);`)
    .join(' ')}
  ${rows > pointers ? `const far = ${pointers} * ps;` : ''}
  do {
    const r = x + load<usize>(table);
    ${range(pointers)
      .map((i) => `let p${i} = r + ${i} * ps;`)
      .join(' ')}
    const e = r + run;
    do {
      const w = v128.load(b);
      ${range(rows)
        .map((i) => `c${i} = ${fma(target, `v128.load32_splat(${at(i)})`, 'w', `c${i}`)};`)
        .join('\n      ')}
      b += ${width}; ${range(pointers)
        .map((i) => `p${i} += 4;`)
        .join(' ')}
    } while (p0 < e);
    table += 4;
  } while (table < tableEnd);
  ${range(rows)
    .map((i) => `v128.store(y, c${i}, ${16 * i});`)
    .join(' ')}
}`;
}

// R positions times one output channel: the lanes are input channels, so runs are whole vectors, and b has no gaps.
function dot(target: Target, rows: number): string {
  return `function dot${rows}(x: usize, table: usize, tableEnd: usize, run: usize, ps: usize, b: usize, bias: f32, y: usize, ys: usize): void {
  ${range(rows)
    .map((i) => `let c${i} = f32x4.splat(0);`)
    .join(' ')}
  do {
    const r = x + load<usize>(table);
    ${range(rows)
      .map((i) => `let p${i} = r + ${i} * ps;`)
      .join(' ')}
    const e = r + run;
    do {
      const w = v128.load(b);
      ${range(rows)
        .map((i) => `c${i} = ${fma(target, `v128.load(p${i})`, 'w', `c${i}`)};`)
        .join('\n      ')}
      b += 16; ${range(rows)
        .map((i) => `p${i} += 16;`)
        .join(' ')}
    } while (p0 < e);
    table += 4;
  } while (table < tableEnd);
  ${range(rows)
    .map((i) => `store<f32>(y + ${i} * ys, sum(c${i}) + bias);`)
    .join(' ')}
}`;
}

// As outer for the products of `points` points, one after the other: a call a point would take longer than few products.
// dU[point][R][width] (+)= sum over tiles of V[point][tile][r] D[point][tile][width].
function sums(target: Target, rows: number): string {
  return `function sums${rows}(points: i32, more: i32, v: usize, vp: usize, vt: usize, d: usize, dp: usize, dt: usize, nd: usize, u: usize, us: usize, su: usize): void {
  do {
    let p = v, q = d; const e = d + nd;
    ${each(target, rows, (i, j) => `let c${i}_${j} = f32x4.splat(0);`)}
    if (more) { ${each(target, rows, (i, j) => `c${i}_${j} = v128.load(u + ${i} * su, ${16 * j});`)} }
    do {
      ${step(target, rows, (i) => `p, ${4 * i}`, 'q')}
      q += dt; p += vt;
    } while (q < e);
    ${store(target, rows, 'u', 'su')}
    v += vp; d += dp; u += us;
  } while (--points);
}`;
}

// C[R][width] (+)= sum over rows and positions of a[position][r] b[position][width]; the R values of a are neighbours.
// Adds to what is there if `more`.
function outer(target: Target, rows: number): string {
  return `function outer${rows}(more: i32, a: usize, as: usize, ar: usize, b: usize, bs: usize, br: usize, nb: usize, rows: i32, c: usize, sc: usize): void {
  ${each(target, rows, (i, j) => `let c${i}_${j} = f32x4.splat(0);`)}
  if (more) { ${each(target, rows, (i, j) => `c${i}_${j} = v128.load(c + ${i} * sc, ${16 * j});`)} }
  do {
    let p = a, q = b; const e = b + nb;
    do {
      ${step(target, rows, (i) => `p, ${4 * i}`, 'q')}
      q += bs; p += as;
    } while (q < e);
    a += ar; b += br;
  } while (--rows);
  ${store(target, rows, 'c', 'sc')}
}`;
}
