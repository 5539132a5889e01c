import { type AugmentationConfig, augmentPatch, loadShape } from '@seg/augment';
import { Rng } from '@seg/core';
import { cutPatch, type ForegroundIndex, indexForeground } from './cut-patch.ts';
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

/** Makes the sample that a request describes; the same in every thread. */
export class SampleMaker {
  readonly #cases: readonly TrainingCase[];
  readonly #augmentation: AugmentationConfig | undefined;
  readonly #foreground = new Map<number, ForegroundIndex>();

  constructor(cases: readonly TrainingCase[], augmentation: AugmentationConfig | undefined) {
    this.#cases = cases;
    this.#augmentation = augmentation;
  }

  make({ caseIndex, patchSize, foreground, augment, rng: state }: SampleRequest): LoadedSample {
    const source = this.#cases[caseIndex]!;
    const rng = Rng.fromState(state);
    const config = augment ? this.#augmentation : undefined;
    const loadSize = config === undefined ? patchSize : loadShape(config, patchSize);
    const index = foreground ? this.#indexOf(caseIndex) : undefined;
    const { image, label } = cutPatch(source, patchSize, loadSize, index, rng.fork('place'));
    if (config === undefined) return { image, label };
    const patch = augmentPatch({ image, label, shape: loadSize }, config, rng.fork('augmentation'), {
      outputShape: patchSize,
    });
    return { image: patch.image, label: patch.label! };
  }

  #indexOf(caseIndex: number): ForegroundIndex | undefined {
    const { label } = this.#cases[caseIndex]!;
    if (label === undefined) return undefined;
    let index = this.#foreground.get(caseIndex);
    if (index === undefined) this.#foreground.set(caseIndex, (index = indexForeground(label)));
    return index;
  }
}

/** A loader that works on the calling thread; for browsers, tests and small data. */
export function inlineLoader(cases: readonly TrainingCase[], augmentation?: AugmentationConfig): SampleLoader {
  const maker = new SampleMaker(cases, augmentation);
  return { load: async (request) => maker.make(request), close: async () => {} };
}
