import { type AugmentationConfig, augmentPatch, loadShape } from '@seg/augment';
import { Rng } from '@seg/core';
import { cutPatch, type ForegroundIndex, indexAnnotated, indexForeground } from './cut-patch.ts';
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
  readonly #indices = new Map<number, { readonly foreground: ForegroundIndex; readonly annotated: ForegroundIndex }>();

  constructor(cases: readonly TrainingCase[], augmentation: AugmentationConfig | undefined) {
    this.#cases = cases;
    this.#augmentation = augmentation;
  }

  make({ caseIndex, patchSize, foreground, augment, rng: state }: SampleRequest): LoadedSample {
    const source = this.#cases[caseIndex]!;
    const rng = Rng.fromState(state);
    const config = augment ? this.#augmentation : undefined;
    const loadSize = config === undefined ? patchSize : loadShape(config, patchSize);
    const index = this.#indexOf(caseIndex, foreground);
    const { image, label } = cutPatch(source, patchSize, loadSize, index, rng.fork('place'));
    if (config === undefined) return { image, label };
    const patch = augmentPatch({ image, label, shape: loadSize }, config, rng.fork('augmentation'), {
      outputShape: patchSize,
    });
    return { image: patch.image, label: patch.label! };
  }

  /** Where the sample may be centred: on foreground, where it is asked for and there is any, else where annotated. */
  #indexOf(caseIndex: number, foreground: boolean): ForegroundIndex | undefined {
    const { info, label } = this.#cases[caseIndex]!;
    if (label === undefined) return undefined;
    let index = this.#indices.get(caseIndex);
    if (index === undefined) {
      index = { foreground: indexForeground(label, info), annotated: indexAnnotated(label) };
      this.#indices.set(caseIndex, index);
    }
    return foreground && index.foreground.length > 0 ? index.foreground : index.annotated;
  }
}

/** A loader that works on the calling thread; for browsers, tests and small data. */
export function inlineLoader(cases: readonly TrainingCase[], augmentation?: AugmentationConfig): SampleLoader {
  const maker = new SampleMaker(cases, augmentation);
  return { load: async (request) => maker.make(request), close: async () => {} };
}
