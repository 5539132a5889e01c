import { checkOption, SegError, type VoxelArray } from '@seg/core';

/** Options of `generalisedEnergyDistance`. */
export interface EnergyDistanceOptions {
  /** Labels whose distances are averaged, usually without the background. */
  readonly labels: readonly number[];
  /**
   * Distance of two segmentations that both lack a label: `zero` (default, as PHiSeg: they agree) or `skip` (as Kohl et
   * al.: left out of the mean over labels and of the expectation).
   */
  readonly bothEmpty?: 'zero' | 'skip';
}

/** The squared generalised energy distance and its three terms. */
export interface EnergyDistance {
  /** 2 E d(S, Y) - E d(S, S') - E d(Y, Y'). */
  readonly squared: number;
  readonly sampleReference: number;
  readonly sampleSample: number;
  readonly referenceReference: number;
}

/**
 * Squared generalised energy distance between sampled and reference segmentations with d = 1 - IoU (Kohl et al. 2018,
 * eq. 5).
 *
 * Expectations run over all ordered pairs, a segmentation with itself included, as in both public implementations: a
 * biased estimate that is never negative for `zero`.
 *
 * @throws SegError `invalid-argument` without samples and references or with other than 1 to 254 labels, `shape-mismatch` if sizes differ.
 */
export function generalisedEnergyDistance(
  samples: readonly VoxelArray[],
  references: readonly VoxelArray[],
  options: EnergyDistanceOptions,
): EnergyDistance {
  const where = 'generalisedEnergyDistance';
  const { labels, bothEmpty = 'zero' } = options;
  checkOption(where, 'bothEmpty', bothEmpty, ['zero', 'skip']);
  if (samples.length === 0 || references.length === 0 || !(labels?.length > 0 && labels.length < 255)) {
    throw new SegError('invalid-argument', {
      where,
      problem: 'there must be samples, references and 1 to 254 labels',
      got: { samples: samples.length, references: references.length, labels },
    });
  }
  const maps = [...samples, ...references];
  const voxels = maps[0]!.length;
  if (maps.some((map) => map.length !== voxels)) {
    throw new SegError('shape-mismatch', {
      where,
      problem: 'segmentations differ in size',
      got: maps.map((map) => map.length),
    });
  }
  const slots = new Map(labels.map((label, slot) => [label, slot]));
  // Label maps as slots in bytes, 255 for any other value, so that the loop over pairs does no look-ups.
  const indexed = maps.map((map) => Uint8Array.from(map, (value) => slots.get(value) ?? 255));
  const sizes = indexed.map((map) => countSlots(map, labels.length));
  const distance = (i: number, j: number): number => {
    const shared = new Float64Array(256);
    const [a, b] = [indexed[i]!, indexed[j]!];
    for (let v = 0; v < voxels; v++) if (a[v] === b[v]) shared[a[v]!]!++;
    let sum = 0;
    let count = 0;
    for (let slot = 0; slot < labels.length; slot++) {
      const union = sizes[i]![slot]! + sizes[j]![slot]! - shared[slot]!;
      if (union === 0 && bothEmpty === 'skip') continue;
      sum += union === 0 ? 0 : 1 - shared[slot]! / union;
      count++;
    }
    return sum / count;
  };
  const s = samples.map((_, i) => i);
  const y = references.map((_, i) => samples.length + i);
  const sampleReference = meanOverPairs(s, y, distance);
  const sampleSample = meanOverPairs(s, s, distance);
  const referenceReference = meanOverPairs(y, y, distance);
  const squared = 2 * sampleReference - sampleSample - referenceReference;
  return { squared, sampleReference, sampleSample, referenceReference };
}

function countSlots(map: Uint8Array, slots: number): Float64Array {
  const counts = new Float64Array(256);
  for (let v = 0; v < map.length; v++) counts[map[v]!]!++;
  return counts.subarray(0, slots);
}

function meanOverPairs(a: readonly number[], b: readonly number[], distance: (i: number, j: number) => number): number {
  let sum = 0;
  let count = 0;
  for (const i of a) {
    for (const j of b) {
      const value = distance(i, j);
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
  }
  return sum / count;
}
