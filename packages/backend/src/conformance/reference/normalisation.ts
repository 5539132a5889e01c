import { map, type Values } from '../values.ts';

/**
 * (x - mean) / sqrt(variance + epsilon) * scale + offset, then leaky ReLU; the statistics are those of all elements
 * with the same key (sample and group, or channel).
 */
export function normalisation(
  x: Values,
  scale: Values,
  offset: Values,
  keyOf: (element: number) => number,
  epsilon: number,
  slope: number,
): Values {
  const sums = new Map<number, { count: number; sum: number; squares: number }>();
  const statistics = (i: number) => {
    const key = keyOf(i);
    const found = sums.get(key) ?? { count: 0, sum: 0, squares: 0 };
    sums.set(key, found);
    return found;
  };
  x.data.forEach((v, i) => {
    const s = statistics(i);
    s.count++;
    s.sum += v;
  });
  x.data.forEach((v, i) => {
    const s = statistics(i);
    s.squares += (v - s.sum / s.count) ** 2;
  });
  const channels = scale.data.length;
  return map(x, (v, i) => {
    const s = statistics(i);
    const normal = (v - s.sum / s.count) / Math.sqrt(s.squares / s.count + epsilon);
    const z = normal * scale.data[i % channels]! + offset.data[i % channels]!;
    return z > 0 ? z : slope * z;
  });
}

/** Softmax, or its logarithm, over the last axis. */
export function softmax(x: Values, logarithm = false): Values {
  const channels = x.shape.at(-1)!;
  return map(x, (v, i) => {
    const row = x.data.subarray(i - (i % channels), i - (i % channels) + channels);
    const largest = Math.max(...row);
    const log = v - largest - Math.log(row.reduce((sum, other) => sum + Math.exp(other - largest), 0));
    return logarithm ? log : Math.exp(log);
  });
}
