import type { Rng } from '@seg/core';

/** Adds normal noise of this standard deviation, in place; any shape. */
export function addGaussianNoise(image: Float32Array, standardDeviation: number, rng: Rng): Float32Array {
  const noise = rng.fillNormal(new Float32Array(image.length), 0, standardDeviation);
  for (let i = 0; i < image.length; i++) image[i]! += noise[i]!;
  return image;
}

/**
 * Replaces values by those of a magnitude image with noise, sqrt((x + n1)^2 + n2^2) with n1, n2 normal, in place; any
 * shape. The image should be non-negative, such as [0, 1]; z-scores are not.
 */
export function addRicianNoise(image: Float32Array, standardDeviation: number, rng: Rng): Float32Array {
  const real = rng.fillNormal(new Float32Array(image.length), 0, standardDeviation);
  const imaginary = rng.fillNormal(new Float32Array(image.length), 0, standardDeviation);
  for (let i = 0; i < image.length; i++) {
    const a = image[i]! + real[i]!;
    const b = imaginary[i]!;
    image[i] = Math.sqrt(a * a + b * b);
  }
  return image;
}
