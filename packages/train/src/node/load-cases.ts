import { SegError, type Volume } from '@seg/core';
import type { Dataset, DatasetCase, LabelMap } from '@seg/io';
import type { CaseInfo, TrainingCase } from '../data/training-case.ts';
import { type CaseFingerprint, combineFingerprints, type Fingerprint, fingerprintCase } from '../plan/fingerprint.ts';
import { type Preprocessing, preprocessImage, preprocessLabel } from '../preprocess/preprocessing.ts';
import { hashCase } from './hash-case.ts';

/** Volumes are kept between measuring and preprocessing while they take less memory than this. */
const KEEP_BYTES = 512 * 2 ** 20;

interface LoadedCase {
  readonly image: Volume<Float32Array>;
  readonly label: LabelMap | undefined;
}

export interface CaseLoaderOptions {
  /** Finished and all cases of a pass over the data. */
  readonly onProgress?: (done: number, total: number, what: 'measuring' | 'preparing') => void;
  readonly signal?: AbortSignal;
}

/** Reads the cases of a data set for planning and training, each file once where memory allows it. */
export class CaseLoader {
  readonly #dataset: Dataset;
  readonly #options: CaseLoaderOptions;
  readonly #kept = new Map<string, LoadedCase>();
  readonly #hashes: Record<string, string> = {};
  #keptBytes = 0;

  constructor(dataset: Dataset, options: CaseLoaderOptions = {}) {
    if (dataset.labels.length === 0 || dataset.labels.length > 253) {
      throw new SegError('unsupported', {
        where: dataset.root,
        problem: 'a data set for training needs 1 to 253 foreground classes',
        got: dataset.labels.length,
      });
    }
    this.#dataset = dataset;
    this.#options = options;
  }

  /** Sizes, spacings and intensities of the cases. */
  async fingerprint(cases: readonly DatasetCase[]): Promise<Fingerprint> {
    const parts: CaseFingerprint[] = [];
    for (const item of cases) {
      this.#stopIfAborted();
      const { image, label } = await this.#load(item);
      parts.push(fingerprintCase(image, label));
      this.#options.onProgress?.(parts.length, cases.length, 'measuring');
    }
    return combineFingerprints(parts, this.#dataset.channels, this.#dataset.labels.length);
  }

  /** Hash of the contents of each prepared case, by id. */
  get hashes(): Readonly<Record<string, string>> {
    return this.#hashes;
  }

  /** The cases as `fit` takes them. */
  async prepare(cases: readonly DatasetCase[], preprocessing: Preprocessing): Promise<readonly TrainingCase[]> {
    const { labels, ignoreLabel, name } = this.#dataset;
    const values = labels.map(({ value }) => value);
    const prepared: TrainingCase[] = [];
    for (const item of cases) {
      this.#stopIfAborted();
      const { image: raw, label } = await this.#load(item);
      this.#kept.delete(item.id);
      this.#hashes[item.id] = hashCase(raw, label);
      const { image, record } = preprocessImage(raw, preprocessing);
      const info: CaseInfo = {
        id: item.id,
        patient: item.patient,
        dataset: name,
        labelled: label !== undefined,
        ...(item.annotatedLabels === undefined
          ? {}
          : { annotated: item.annotatedLabels.map((value) => values.indexOf(value) + 1) }),
      };
      prepared.push({
        info,
        shape: image.shape,
        channels: image.channels,
        image: image.data,
        ...(label === undefined ? {} : { label: preprocessLabel(label, record, values, ignoreLabel) }),
      });
      this.#options.onProgress?.(prepared.length, cases.length, 'preparing');
    }
    return prepared;
  }

  #stopIfAborted(): void {
    const { signal } = this.#options;
    if (signal?.aborted !== true) return;
    throw new SegError('aborted', {
      where: this.#dataset.root,
      problem: 'stopped by the caller',
      cause: signal.reason,
    });
  }

  async #load(item: DatasetCase): Promise<LoadedCase> {
    const known = this.#kept.get(item.id);
    if (known !== undefined) return known;
    const image = await item.loadImage();
    const label = item.labelPaths.length === 0 ? undefined : await item.loadLabel();
    const loaded = { image, label };
    const bytes = image.data.byteLength + (label?.data.byteLength ?? 0);
    if (this.#keptBytes + bytes <= KEEP_BYTES) {
      this.#kept.set(item.id, loaded);
      this.#keptBytes += bytes;
    }
    return loaded;
  }
}
