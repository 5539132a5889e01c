import { Rng } from '@seg/core';
import { type DataType, engine, grads as gradsOf, memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { ConformanceCase, ConformanceGroup } from './conformance-case.ts';
import { randomValues, type Values } from './values.ts';

/** `none`: this op has no gradient here. */
export type Verdict = 'ok' | 'wrong' | 'throws' | 'none';

/** What a backend made of one case. */
export interface ConformanceResult {
  readonly group: ConformanceGroup;
  readonly op: string;
  readonly case: string;
  readonly forward: Verdict;
  /** Largest difference over the largest expected value; absent where it threw. */
  readonly forwardError?: number;
  readonly gradient: Verdict;
  readonly gradientError?: number;
  /** What was thrown, first line. */
  readonly message?: string;
  /** Tensors that were left behind though everything was disposed. */
  readonly leaked: number;
}

// Sums of at most a few thousand float32 products of order 1, also by Winograd's algorithm (relative error < 5e-5).
const tolerance = 1e-4;
// Central differences in float64: exact to about 1e-9 for the smooth functions here, exact for the piecewise linear ones.
const differenceStep = 1e-5;
const probesPerInput = 40;
const randomDirections = 4;

/** Runs a case on the current backend; never throws for what the backend does. */
export async function checkCase(test: ConformanceCase): Promise<ConformanceResult> {
  const expected = test.reference(...test.inputs);
  // A scope of its own, because an op that throws inside a gradient leaves its tensors behind.
  engine().startScope('conformance');
  const before = memory().numTensors;
  try {
    const tensors = test.inputs.map((v) => toTensor(v));
    const forward = await checkForward(test, tensors, expected);
    const gradient = await checkGradient(test, tensors, expected);
    for (const t of tensors) t.dispose();
    const threw = forward.verdict === 'throws' || gradient.verdict === 'throws';
    const message = forward.message ?? gradient.message;
    return {
      group: test.group,
      op: test.op,
      case: test.name,
      forward: forward.verdict,
      ...(forward.error !== undefined && { forwardError: forward.error }),
      gradient: gradient.verdict,
      ...(gradient.error !== undefined && { gradientError: gradient.error }),
      ...(message !== undefined && { message }),
      leaked: threw ? 0 : memory().numTensors - before,
    };
  } finally {
    engine().endScope();
  }
}

interface Finding {
  readonly verdict: Verdict;
  readonly error?: number;
  readonly message?: string;
}

async function checkForward(test: ConformanceCase, tensors: readonly Tensor[], expected: Values): Promise<Finding> {
  try {
    const y = test.run(...tensors);
    const sameShape = y.shape.join() === expected.shape.join();
    const found = await y.data();
    y.dispose();
    return verdict(sameShape ? relativeError(found, expected.data) : Number.POSITIVE_INFINITY);
  } catch (error) {
    return thrown(error);
  }
}

async function checkGradient(test: ConformanceCase, tensors: readonly Tensor[], expected: Values): Promise<Finding> {
  const { differentiable, run } = test;
  if (differentiable.length === 0) return { verdict: 'none' };
  const direction = randomValues(expected.shape, 99);
  const dy = toTensor(direction);
  try {
    const gradient = gradsOf((...chosen: Tensor[]) =>
      run(...tensors.map((t, i) => chosen[differentiable.indexOf(i)] ?? t)),
    );
    const found = gradient(
      differentiable.map((i) => tensors[i]!),
      dy,
    );
    let worst = 0;
    for (const [place, input] of differentiable.entries()) {
      const values = await found[place]!.data();
      found[place]!.dispose();
      const error = gradientError(test, input, direction, values);
      if (!(error <= worst)) worst = error;
    }
    return verdict(worst);
  } catch (error) {
    return thrown(error);
  } finally {
    dy.dispose();
  }
}

/**
 * Compares a gradient with central differences of the reference, at evenly spread elements, and along random directions,
 * in which every element counts.
 */
function gradientError(test: ConformanceCase, input: number, direction: Values, found: ArrayLike<number>): number {
  const { shape, data } = test.inputs[input]!;
  const along = (change: (i: number) => number) => {
    const value = (sign: number) => {
      const moved = { shape, data: data.map((v, i) => v + sign * differenceStep * change(i)) };
      const y = test.reference(...test.inputs.map((v, i) => (i === input ? moved : v)));
      return y.data.reduce((sum, v, i) => sum + v * direction.data[i]!, 0);
    };
    return (value(1) - value(-1)) / (2 * differenceStep);
  };
  let largest = 1e-6;
  for (let i = 0; i < found.length; i++) largest = Math.max(largest, Math.abs(found[i]!));
  if (found.length !== data.length || !Number.isFinite(largest)) return Number.POSITIVE_INFINITY;
  const spacing = Math.max(1, Math.ceil(data.length / probesPerInput));
  const places = new Set<number>();
  // An offset for each round, so that the probes do not all fall on one channel.
  for (let i = 0; i < data.length; i += spacing) places.add(Math.min(data.length - 1, i + (places.size % spacing)));
  const expected = [...places].map((place) => along((i) => (i === place ? 1 : 0)));
  for (const e of expected) largest = Math.max(largest, Math.abs(e));
  let worst = 0;
  [...places].forEach((place, i) => {
    worst = Math.max(worst, Math.abs(found[place]! - expected[i]!) / largest);
  });
  const rng = Rng.fromSeed(7);
  for (let round = 0; round < randomDirections; round++) {
    const step = Float64Array.from({ length: data.length }, () => rng.normal(0, 1));
    const slope = along((i) => step[i]!);
    const sum = step.reduce((total, s, i) => total + s * found[i]!, 0);
    // The errors of independent elements add up like their root.
    worst = Math.max(worst, Math.abs(sum - slope) / (largest * Math.sqrt(data.length)));
  }
  return worst;
}

function toTensor({ shape, data }: Values, dtype: DataType = 'float32'): Tensor {
  return tensor(Float32Array.from(data), [...shape], dtype);
}

const verdict = (error: number): Finding => ({ verdict: error <= tolerance ? 'ok' : 'wrong', error });

function thrown(error: unknown): Finding {
  const text = error instanceof Error ? error.message : String(error);
  return { verdict: 'throws', message: text.split('\n')[0]!.slice(0, 160) };
}

/** Largest difference relative to the largest expected magnitude; NaN counts as infinite. */
function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  let largest = 1e-12;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(found[i]! - expected[i]!);
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, difference);
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return worst / largest;
}
