import { imageDtypes, type MedicalImage, scalingOf } from './medical-image.ts';

/** Relative error of float32 arithmetic and of values that went through it, with room for a few operations. */
const FLOAT_ROUNDING = 1e-6;

/**
 * How far the values of an image may lie from whole numbers and still stand for them: the rounding of float32, and for
 * whole stored numbers with a scaling half a step of it (a writer that stretches labels over all of int16 puts each on the
 * nearest step). From steps of 1 on two labels could share one, so that a value says nothing of which is meant.
 */
export function labelTolerance(image: Pick<MedicalImage, 'slope' | 'intercept' | 'dtype'>): (value: number) => number {
  const { slope, intercept } = scalingOf(image);
  const { array } = imageDtypes[image.dtype];
  const isFloat = array === Float32Array || array === Float64Array;
  const step = Math.abs(slope);
  const quantised = !isFloat && step < 1 ? (step / 2) * (1 + FLOAT_ROUNDING) : 0;
  const offset = Math.abs(intercept);
  return (value) => quantised + FLOAT_ROUNDING * Math.max(1, Math.abs(value), slope === 1 ? 0 : offset);
}

/** The whole number that a value stands for, or the value itself where it stands for none. */
export function wholeLabel(value: number, tolerance: (value: number) => number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) <= tolerance(whole) ? whole : value;
}

/** What to do about label values that are not whole: stored scaling is named where the image has any. */
export function notWholeHint(image: Pick<MedicalImage, 'slope' | 'intercept' | 'dtype' | 'format'>): string {
  const { slope, intercept } = scalingOf(image);
  if (slope === 1 && intercept === 0) return 'Is this an image, or a probability map?';
  const names = image.format === 'metaimage' ? 'ElementToIntensityFunctionSlope' : 'scl_slope and scl_inter';
  return `The stored scaling (${names}: ${slope} * v + ${intercept}) makes the values, and they lie farther from whole numbers than its rounding: if the stored numbers are the labels, set the scaling to 1 and 0; else write the map again as whole numbers without scaling. It may also be an image or a probability map.`;
}
