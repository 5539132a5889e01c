import { type AugmentationConfig, augmentPatch, loadShape } from '@seg/augment';
import { Rng } from '@seg/core';
import { cutPatch, type ForegroundIndex, IGNORED_CLASS, indexAnnotated, indexForeground } from './cut-patch.ts';
import type { SampleRequest } from './sampler.ts';
import type { TrainingCase } from './training-case.ts';

/** The voxels of one sample. */
export interface LoadedSample {
  /** [channel][z][y][x]. */
  readonly image: Float32Array;
  /** [z][y][x]. */
  readonly label: Uint8Array;
}

/** Makes samples, somewhere: on the calling thread or in workers. */
export interface SampleLoader {
  load(request: SampleRequest): Promise<LoadedSample>;
  close(): Promise<void>;
}

interface CentreIndex {
  readonly foreground: ForegroundIndex;
  readonly annotated: ForegroundIndex;
}

/**
 * Makes the sample that a request describes; the same in every thread. A sample of a case with ignored voxels is centred
 * on a voxel that somebody annotated, as in nnU-Net.
 */
export class SampleMaker {
  readonly #cases: readonly TrainingCase[];
  readonly #augmentation: AugmentationConfig | undefined;
  readonly #indices = new Map<number, CentreIndex>();

  constructor(cases: readonly TrainingCase[], augmentation: AugmentationConfig | undefined) {
    this.#cases = cases;
    this.#augmentation = augmentation;
  }

  make({ caseIndex, patchSize, foreground, augment, rng: state }: SampleRequest): LoadedSample {
    const source = this.#cases[caseIndex]!;
    const rng = Rng.fromState(state);
    const config = augment ? this.#augmentation : undefined;
    const loadSize = config === undefined ? patchSize : loadShape(config, patchSize);
    const index = this.#indexOf(caseIndex);
    const centres = foreground && index.foreground.length > 0 ? index.foreground : index.annotated;
    // Beyond a scan that was annotated in parts nobody looked either.
    const outside = index.annotated.length > 0 ? IGNORED_CLASS : 0;
    const { image, label } = cutPatch(source, patchSize, loadSize, centres, rng.fork('place'), outside);
    if (config === undefined) return { image, label };
    const patch = augmentPatch({ image, label, shape: loadSize }, config, rng.fork('augmentation'), {
      outputShape: patchSize,
      outsideLabel: outside,
    });
    return { image: patch.image, label: patch.label! };
  }

  /** Where samples may be centred: on foreground, or anywhere that somebody annotated (empty: anywhere at all). */
  #indexOf(caseIndex: number): CentreIndex {
    const { info, label } = this.#cases[caseIndex]!;
    if (label === undefined) return { foreground: [], annotated: [] };
    let index = this.#indices.get(caseIndex);
    if (index === undefined) {
      index = { foreground: indexForeground(label, info), annotated: indexAnnotated(label) };
      this.#indices.set(caseIndex, index);
    }
    return index;
  }
}

/** A loader that works on the calling thread; for browsers, tests and small data. */
export function inlineLoader(cases: readonly TrainingCase[], augmentation?: AugmentationConfig): SampleLoader {
  const maker = new SampleMaker(cases, augmentation);
  return { load: async (request) => maker.make(request), close: async () => {} };
}
