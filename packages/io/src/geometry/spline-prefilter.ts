import { CUBIC_MARGIN } from './axis-kernel.ts';

/** The pole of the cubic B-spline's inverse filter (Unser, Aldroubi, Eden 1993). */
const POLE = Math.sqrt(3) - 2;
const GAIN = (1 - POLE) * (1 - 1 / POLE);

/**
 * Turns samples into cubic B-spline coefficients in place, along the first axis of a block of `rows` x `columns`.
 *
 * The block holds `CUBIC_MARGIN` copies of the end samples at either end; the samples are taken to go on with their end
 * values for ever, and the sums that start the two recursions are those of that endless signal, so the result is exact.
 */
export function splineCoefficients(block: Float64Array, rows: number, columns: number): void {
  const end = (rows - 1) * columns;
  const start = 1 / (1 - POLE);
  for (let c = 0; c < columns; c++) block[c] = GAIN * block[c]! * start;
  for (let at = columns; at <= end; at += columns) {
    for (let i = at; i < at + columns; i++) block[i] = GAIN * block[i]! + POLE * block[i - columns]!;
  }
  // Behind the end the causal sums decay from their value at the end to the steady state of the end sample.
  for (let i = end; i < end + columns; i++) {
    const causal = block[i]!;
    const beforeEnd = rows > 1 ? block[i - columns]! : causal;
    const steady = (causal - POLE * beforeEnd) / (1 - POLE);
    block[i] = -POLE * (steady / (1 - POLE) + (causal - steady) / (1 - POLE * POLE));
  }
  for (let at = end - columns; at >= 0; at -= columns) {
    for (let i = at; i < at + columns; i++) block[i] = POLE * (block[i + columns]! - block[i]!);
  }
}

/** Rows of a coefficient block for an axis of this length. */
export function coefficientRows(length: number): number {
  return length + 2 * CUBIC_MARGIN;
}
