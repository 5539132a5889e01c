import * as tf from '@tensorflow/tfjs-core';
import { runCustomOp } from '../internal/custom-op.ts';

/** A dense matrix in row-major order. */
export interface AxisMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** One matrix each for depth, height and width; undefined leaves that axis as it is. */
export type AxisMatrices = readonly [AxisMatrix | undefined, AxisMatrix | undefined, AxisMatrix | undefined];

/**
 * Multiplies every depth, height and width line of x [N, D, H, W, C] by the matrix of that axis. Every separable linear map
 * (interpolation, average pooling, repetition) is at most three such products, differentiable to any order.
 */
export function applyAxisMatrices(x: tf.Tensor, matrices: AxisMatrices): tf.Tensor {
  return runCustomOp({
    inputs: { x },
    forward: () => tf.tidy(() => multiply(x, matrices)),
    gradient: (dy) => ({ x: () => applyAxisMatrices(dy, matrices.map(transpose) as unknown as AxisMatrices) }),
  })[0]!;
}

function multiply(x: tf.Tensor, matrices: AxisMatrices): tf.Tensor {
  let result: tf.Tensor = tf.clone(x);
  // Shrinking axes first and growing ones last keeps the intermediates small.
  const order = [0, 1, 2].filter((axis) => matrices[axis]);
  order.sort((a, b) => growth(matrices[a]!) - growth(matrices[b]!));
  for (const axis of order) {
    const { rows, columns, values } = matrices[axis]!;
    const { shape } = result;
    const before = shape.slice(0, axis + 1).reduce((a, b) => a * b, 1);
    const after = shape.slice(axis + 2).reduce((a, b) => a * b, 1);
    const matrix = tf.tensor3d(values, [1, rows, columns]);
    const product = tf.matMul(matrix, tf.reshape(result, [before, columns, after]) as tf.Tensor3D);
    result = tf.reshape(
      product,
      shape.map((n, a) => (a === axis + 1 ? rows : n)),
    );
  }
  return result;
}

const growth = (m: AxisMatrix) => m.rows / m.columns;

function transpose(m: AxisMatrix | undefined): AxisMatrix | undefined {
  if (m === undefined) return undefined;
  const values = new Float32Array(m.values.length);
  for (let r = 0; r < m.rows; r++)
    for (let c = 0; c < m.columns; c++) values[c * m.rows + r] = m.values[r * m.columns + c]!;
  return { rows: m.columns, columns: m.rows, values };
}

/** An empty matrix to fill. */
export function zeroMatrix(rows: number, columns: number): AxisMatrix {
  return { rows, columns, values: new Float32Array(rows * columns) };
}
