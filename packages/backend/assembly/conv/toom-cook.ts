import { fma, fnma, range, type Target } from './target.ts';

/** The numbers of two points of F(m, 3): the pair 0 is zero and infinity, the others are opposite points. */
export const pairPoints = (m: number, pair: number): readonly [number, number] =>
  pair === 0 ? [0, m + 1] : [2 * pair - 1, 2 * pair];

/** Statements that compute a transform of one line of vectors, and the names of its results. */
export type LineTransform = (inputs: readonly string[]) => readonly [statements: string, results: readonly string[]];

const halfRoot = Math.SQRT1_2;
const root = Math.SQRT2;

// Finite points; the last one of F(m, 3) is infinity. These keep float32 errors of m = 4 near those of direct sums.
const points = (m: number) => (m === 2 ? [0, 1, -1] : [0, halfRoot, -halfRoot, root, -root]);
// Numbers of the positive points, each followed by its opposite.
const positive = (m: number) => range(m / 2).map((i) => 2 * i + 1);
// Opposite points have the same one.
const denominators = (m: number) =>
  points(m).map((p, i) => points(m).reduce((product, q, j) => (i === j ? product : product * (p - q)), 1));
const taps = 3;
const evaluation = (m: number) => [
  ...points(m).map((p, i) => range(taps).map((k) => p ** k / denominators(m)[i]!)),
  range(taps).map((k) => Number(k === taps - 1)),
];
const interpolation = (m: number, outputs: number) =>
  range(outputs).map((k) => [...points(m).map((p) => p ** k), Number(k === outputs - 1)]);

// 1 over the denominator of the point p among +-1/sqrt2, +-sqrt2.
const stridedScale = (p: number) => 1 / (2 * p * (p * p - 1 / (p * p)));

/**
 * Line transforms of Winograd's F(m, r) by Toom and Cook: y = A^T [(G w) * (B^T x)] with m + r - 1 = n products.
 * Points come in pairs +-p, so sums and differences are shared.
 */
export class ToomCook {
  readonly #target: Target;
  readonly #constants: number[] = [];
  #next = 0;

  constructor(target: Target) {
    this.#target = target;
  }

  /** A name that no other line of the program has. */
  fresh(prefix: string): string {
    return `${prefix}${this.#next++}_`;
  }

  /** B^T: m + 2 inputs to as many points. */
  readonly input = (m: number): LineTransform => this.#pairwise(m, this.inputPair);

  /** Two points of `input`, numbered like `pairPoints`. */
  readonly inputPair =
    (m: number, pair: number): LineTransform =>
    (x) => {
      const u = this.fresh('t');
      const madd = this.#madd;
      const results = [`${u}a`, `${u}b`];
      const define = (first: string, second: string, before = '') =>
        [`const ${before}${u}a = ${first}, ${u}b = ${second};`, results] as const;
      if (m === 2) {
        if (pair === 0) return define(sub(x[2]!, x[0]!), sub(x[3]!, x[1]!));
        return define(add(x[1]!, x[2]!), sub(x[2]!, x[1]!));
      }
      if (pair === 0) {
        return define(add(madd(x[2]!, -2.5, x[0]!), x[4]!), add(madd(x[3]!, -2.5, x[1]!), x[5]!));
      }
      const p = points(m)[2 * pair - 1]!;
      const other = -1 / (p * p);
      const sums = `${u}e = ${madd(x[2]!, other, x[4]!)}, ${u}o = ${madd(x[1]!, other, x[3]!)}, `;
      return define(madd(`${u}o`, p, `${u}e`), madd(`${u}o`, -p, `${u}e`), sums);
    };

  /** A^T: m + 2 points to m outputs. */
  readonly output = (m: number): LineTransform => this.#interpolate(m, m, () => 1);

  /** m output gradients to m + 2 points, but for the denominators, which `weightGradient` makes up for. */
  readonly gradient = (m: number): LineTransform => this.#pairwise(m, this.gradientPair);

  /** Two points of `gradient`, numbered like `pairPoints`. */
  readonly gradientPair =
    (m: number, pair: number): LineTransform =>
    (x) => {
      if (pair === 0) return ['', [x[0]!, x[m - 1]!]];
      const u = this.fresh('t');
      const p = points(m)[2 * pair - 1]!;
      const [even, odd] = [0, 1].map((k) => (m === 2 ? x[k]! : this.#madd(x[k + 2]!, p * p, x[k]!)));
      const sums = `${u}e = ${even}, ${u}o = ${odd}`;
      const [plus, minus] = [p, -p].map((q) => this.#madd(`${u}o`, q, `${u}e`));
      return [`const ${sums}, ${u}a = ${plus}, ${u}b = ${minus};`, [`${u}a`, `${u}b`]];
    };

  // A transform to all points from that to pairs of them.
  readonly #pairwise =
    (m: number, transform: (m: number, pair: number) => LineTransform): LineTransform =>
    (x) => {
      const results: string[] = [];
      const statements = range(m / 2 + 1).map((pair) => {
        const [text, values] = transform(m, pair)(x);
        pairPoints(m, pair).forEach((point, i) => {
          results[point] = values[i]!;
        });
        return text;
      });
      return [statements.join(' '), results];
    };

  /** m + 2 points of a filter gradient to its 3 taps. */
  readonly weightGradient = (m: number): LineTransform => this.#interpolate(m, 3, (i) => 1 / denominators(m)[i]!);

  // Points, times `scale`, to the coefficients of the polynomial.
  readonly #interpolate =
    (m: number, outputs: number, scale: (point: number) => number): LineTransform =>
    (x) => {
      const u = this.fresh('t');
      const sums = positive(m).map((i) => `${u}s${i} = ${add(x[i]!, x[i + 1]!)}, ${u}d${i} = ${sub(x[i]!, x[i + 1]!)}`);
      const rows = interpolation(m, outputs).map((row, k) => {
        let e = k === 0 ? this.#mul(x[0]!, scale(0)) : k === outputs - 1 ? x[m + 1]! : undefined;
        for (const i of positive(m)) {
          const term = `${u}${k % 2 ? 'd' : 's'}${i}`;
          const factor = row[i]! * scale(i);
          e = e === undefined ? this.#mul(term, factor) : this.#madd(term, factor, e);
        }
        return `${u}${k} = ${e}`;
      });
      return [`const ${[...sums, ...rows].join(', ')};`, range(outputs).map((i) => u + i)];
    };

  /** G: 3 weights to m + 2 points. */
  readonly weights =
    (m: number): LineTransform =>
    (x) => {
      const u = this.fresh('t');
      const matrix = evaluation(m);
      const combine = (parity: number, row: readonly number[]) =>
        range(taps)
          .filter((k) => k % 2 === parity)
          .reduce<string>((e, k) => (e === '' ? this.#mul(x[k]!, row[k]!) : this.#madd(x[k]!, row[k]!, e)), '');
      const parts = [`${u}0 = ${this.#mul(x[0]!, matrix[0]![0]!)}`, `${u}${m + 1} = ${x[taps - 1]}`];
      for (const p of positive(m)) {
        const [even, odd] = [`${u}e${p}`, `${u}o${p}`];
        parts.push(`${even} = ${combine(0, matrix[p]!)}`, `${odd} = ${combine(1, matrix[p]!)}`);
        parts.push(`${u}${p} = ${add(even, odd)}`, `${u}${p + 1} = ${sub(even, odd)}`);
      }
      return [`const ${parts.join(', ')};`, range(m + 2).map((i) => u + i)];
    };

  /**
   * Stride 2, kernel 3, 4 outputs from 9 inputs: the taps 0 and 2 meet every other input, which is F(4, 2) with 5
   * products; tap 1 meets the others directly. 9 products for 12. First the 5 points, then the 4 direct ones.
   */
  readonly stridedInput: LineTransform = (x) => {
    const u = this.fresh('t');
    const madd = this.#madd;
    const statements = `const ${u}u = ${madd(x[2]!, -2, x[6]!)}, ${u}v = ${madd(x[0]!, -2, x[4]!)},
      ${u}p = ${madd(x[2]!, -0.5, x[6]!)}, ${u}q = ${madd(x[0]!, -0.5, x[4]!)},
      ${u}0 = ${madd(`${u}v`, halfRoot, `${u}u`)}, ${u}1 = ${madd(`${u}v`, -halfRoot, `${u}u`)},
      ${u}2 = ${madd(`${u}q`, root, `${u}p`)}, ${u}3 = ${madd(`${u}q`, -root, `${u}p`)},
      ${u}4 = ${add(madd(x[4]!, -2.5, x[0]!), x[8]!)};`;
    return [statements, [...range(5).map((i) => u + i), x[1]!, x[3]!, x[5]!, x[7]!]];
  };

  /** 9 points of stride 2 to 4 outputs. */
  readonly stridedOutput: LineTransform = (x) => {
    const [statements, sums] = this.#fourOfTwo(x);
    const u = this.fresh('t');
    const rows = sums.map((sum, k) => `${u}${k} = ${add(sum, x[5 + k]!)}`);
    return [`${statements} const ${rows.join(', ')};`, range(4).map((i) => u + i)];
  };

  /** 3 weights to the 6 different points of stride 2: +-1/sqrt2, +-sqrt2, infinity, and what the direct ones share. */
  readonly stridedWeights: LineTransform = ([first, middle, last]) => {
    const u = this.fresh('t');
    const points = [halfRoot, root].flatMap((p, i) => {
      const scale = stridedScale(p);
      // The denominator of -p has the other sign.
      const [a, b] = [`${u}a${i}`, `${u}b${i}`];
      return [
        `${a} = ${this.#mul(first!, scale)}`,
        `${b} = ${this.#mul(last!, scale * p)}`,
        `${u}${2 * i} = ${add(b, a)}`,
        `${u}${2 * i + 1} = ${sub(b, a)}`,
      ];
    });
    return [`const ${points.join(', ')};`, [...range(4).map((i) => u + i), last!, middle!]];
  };

  /** 4 output gradients to the 9 points of stride 2. */
  readonly stridedGradient: LineTransform = (g) => {
    const u = this.fresh('t');
    const pairs = [halfRoot, root].flatMap((p, i) => [
      `${u}e${i} = ${this.#madd(g[2]!, p ** 2, g[0]!)}`,
      `${u}o${i} = ${this.#madd(g[3]!, p ** 3, this.#mul(g[1]!, p))}`,
      `${u}${2 * i} = ${add(`${u}e${i}`, `${u}o${i}`)}`,
      `${u}${2 * i + 1} = ${sub(`${u}e${i}`, `${u}o${i}`)}`,
    ]);
    return [`const ${pairs.join(', ')};`, [...range(4).map((i) => u + i), g[3]!, ...g]];
  };

  /** The 6 different points of a filter gradient of stride 2 to its 3 taps. */
  readonly stridedWeightGradient: LineTransform = (x) => {
    const u = this.fresh('t');
    const [near, far] = [stridedScale(halfRoot), stridedScale(root)];
    const first = this.#madd(sub(x[2]!, x[3]!), far, this.#mul(sub(x[0]!, x[1]!), near));
    const last = this.#madd(add(x[0]!, x[1]!), near * halfRoot, this.#madd(add(x[2]!, x[3]!), far * root, x[4]!));
    return [`const ${u}0 = ${first}, ${u}2 = ${last};`, [`${u}0`, x[5]!, `${u}2`]];
  };

  /** 5 output gradients to the 9 points of stride 2 of an input gradient: 5 of F(4, 2), then the first 4 as they are. */
  readonly transposedInput: LineTransform = (z) => {
    const between = '';
    const [statements, results] = this.stridedInput([
      z[0]!,
      between,
      z[1]!,
      between,
      z[2]!,
      between,
      z[3]!,
      between,
      z[4]!,
    ]);
    return [statements, [...results.slice(0, 5), ...z.slice(0, 4)]];
  };

  /** 9 points to 8 input gradients: those at direct positions and those of F(4, 2) take turns. */
  readonly transposedOutput: LineTransform = (x) => {
    const [statements, sums] = this.#fourOfTwo(x);
    return [statements, range(4).flatMap((k) => [x[5 + k]!, sums[k]!])];
  };

  /** 5 points of F(4, 2) to 4 outputs. */
  readonly #fourOfTwo: LineTransform = (x) => {
    const u = this.fresh('t');
    const pairs = [0, 2].map((i) => `${u}s${i} = ${add(x[i]!, x[i + 1]!)}, ${u}d${i} = ${sub(x[i]!, x[i + 1]!)}`);
    const rows = range(4).map((k) => {
      const term = (i: number) => `${u}${k % 2 ? 'd' : 's'}${i}`;
      const sum = this.#madd(term(2), root ** k, this.#mul(term(0), halfRoot ** k));
      return `${u}${k} = ${k === 3 ? add(sum, x[4]!) : sum}`;
    });
    return [`const ${[...pairs, ...rows].join(', ')};`, range(4).map((i) => u + i)];
  };

  /**
   * Loads of the constants that `statements` use, from the table at `tmp`. V8 would build a vector constant anew at each
   * use, which takes longer than the arithmetic; a load that splats is one instruction.
   */
  constants(statements: string, tmp: string, offset: number): string {
    const used = [...new Set(statements.match(/\bk\d+_/g))];
    return used
      .map((name) => `const ${name} = v128.load32_splat(${tmp}, ${offset + 4 * Number.parseInt(name.slice(1), 10)});`)
      .join(' ');
  }

  /** Statements that fill the table of constants at `table`; after all transforms have been generated. */
  constantTable(table: string): string {
    if (this.#constants.length > mostConstants) throw new Error(`${this.#constants.length} constants`);
    return this.#constants.map((c, i) => `store<f32>(${table}, ${c}, ${4 * i});`).join(' ');
  }

  // The name of a vector of `c` in statements.
  #splat(c: number): string {
    const value = Math.fround(c);
    if (!this.#constants.includes(value)) this.#constants.push(value);
    return `k${this.#constants.indexOf(value)}_`;
  }

  readonly #mul = (a: string, c: number): string =>
    c === 1 ? a : c === -1 ? `f32x4.neg(${a})` : `f32x4.mul(${a}, ${this.#splat(c)})`;

  readonly #madd = (a: string, factor: number, b: string): string => {
    if (factor === 0) return b;
    if (factor === 1) return add(b, a);
    if (factor === -1) return sub(b, a);
    return (factor < 0 ? fnma : fma)(this.#target, a, this.#splat(Math.abs(factor)), b);
  };
}

/** Constants that the table has room for. */
const mostConstants = 16;

const add = (a: string, b: string) => `f32x4.add(${a}, ${b})`;
const sub = (a: string, b: string) => `f32x4.sub(${a}, ${b})`;
