import { Rng, type Triple, voxelCount } from '@seg/core';
import type { TrainingCase } from '@seg/train';

/** Noisy images in which bright balls are class 1 and dark balls class 2. */
export function blobCases(
  count: number,
  options: { readonly shape?: Triple; readonly labelled?: (i: number) => boolean } = {},
): TrainingCase[] {
  const { shape = [8, 10, 12], labelled = () => true } = options;
  const rng = Rng.fromSeed(7);
  return Array.from({ length: count }, (_, i): TrainingCase => {
    const own = rng.fork(i);
    const image = own.fillNormal(new Float32Array(voxelCount(shape)), 0, 0.2);
    const label = new Uint8Array(image.length);
    for (const [value, sign] of [
      [1, 1],
      [2, -1],
    ] as const) {
      const centre = shape.map((n) => own.uniform(3, n - 3));
      let at = 0;
      for (let z = 0; z < shape[0]; z++)
        for (let y = 0; y < shape[1]; y++)
          for (let x = 0; x < shape[2]; x++, at++) {
            if (Math.hypot(z - centre[0]!, y - centre[1]!, x - centre[2]!) > 2.6) continue;
            label[at] = value;
            image[at]! += 2 * sign;
          }
    }
    const info = { id: `case-${i}`, dataset: i % 2 === 0 ? 'even' : 'odd', labelled: labelled(i) };
    return labelled(i) ? { info, shape, channels: 1, image, label } : { info, shape, channels: 1, image };
  });
}
