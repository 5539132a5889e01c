import { nextTask, SegError, type Volume } from '@seg/core';
import type { Dataset, DatasetCase, LabelMap } from '@seg/io';
import { IGNORED_CLASS } from '../data/cut-patch.ts';
import type { CaseInfo, TrainingCase } from '../data/training-case.ts';
import { type CaseFingerprint, combineFingerprints, type Fingerprint, fingerprintCase } from '../plan/fingerprint.ts';
import { farFromPlan, type MeasuredGrid, SPACING_HINT } from '../preprocess/check-spacing.ts';
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
  /** Receives a sentence that names the cases whose label maps say nothing. */
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/** Reads the cases of a data set for planning and training, each file once where memory allows it. */
export class CaseLoader {
  readonly #dataset: Dataset;
  readonly #options: CaseLoaderOptions;
  readonly #kept = new Map<string, LoadedCase>();
  /** Grids that were measured. */
  readonly #grids = new Map<string, MeasuredGrid>();
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

  /** Sizes, spacings and the intensities of annotated foreground of the cases. */
  async fingerprint(cases: readonly DatasetCase[]): Promise<Fingerprint> {
    const parts: CaseFingerprint[] = [];
    for (const item of cases) {
      await this.#stopIfAborted();
      const { image, label } = await this.#load(item);
      const part = fingerprintCase(image, label, { foreground: this.#annotated(item) });
      parts.push(part);
      this.#grids.set(item.id, part);
      this.#options.onProgress?.(parts.length, cases.length, 'measuring');
    }
    return combineFingerprints(parts, this.#dataset.channels, this.#dataset.labels.length);
  }

  /** Hash of the contents of each prepared case, by id. */
  get hashes(): Readonly<Record<string, string>> {
    return this.#hashes;
  }

  /**
   * The cases as `fit` takes them. A case counts as unlabelled where nobody annotated anything: all voxels have the
   * ignore label, or none of the classes was looked for.
   */
  async prepare(cases: readonly DatasetCase[], preprocessing: Preprocessing): Promise<readonly TrainingCase[]> {
    const { labels, ignoreLabel, name } = this.#dataset;
    const values = labels.map(({ value }) => value);
    this.#checkSpacings(cases, preprocessing);
    const prepared: TrainingCase[] = [];
    const blank: string[] = [];
    for (const item of cases) {
      await this.#stopIfAborted();
      const { image: raw, label } = await this.#load(item);
      this.#kept.delete(item.id);
      this.#hashes[item.id] = hashCase(raw, label);
      const { image, record } = preprocessImage(raw, preprocessing, { name: `case ${item.id}` });
      const annotated = this.#annotated(item).map((value) => values.indexOf(value) + 1);
      const given = label === undefined ? undefined : preprocessLabel(label, record, values, ignoreLabel);
      const isBlank = annotated.length === 0 || given?.every((c) => c === IGNORED_CLASS) === true;
      if (given !== undefined && isBlank) blank.push(item.id);
      const known = isBlank ? undefined : given;
      const info: CaseInfo = {
        id: item.id,
        patient: item.patient,
        dataset: name,
        labelled: known !== undefined,
        ...(annotated.length === values.length ? {} : { annotated }),
      };
      prepared.push({
        info,
        shape: image.shape,
        channels: image.channels,
        image: image.data,
        ...(known === undefined ? {} : { label: known }),
      });
      this.#options.onProgress?.(prepared.length, cases.length, 'preparing');
    }
    if (blank.length > 0) {
      const names = `${blank.slice(0, 8).join(', ')}${blank.length > 8 ? ', ...' : ''}`;
      this.#options.onWarning?.(
        `${blank.length} of ${cases.length} cases count as unlabelled, because nothing in them was annotated: ${names}`,
      );
    }
    return prepared;
  }

  /** The values of the data set's classes that were annotated in a case. */
  #annotated({ annotatedLabels }: DatasetCase): readonly number[] {
    const values = this.#dataset.labels.map(({ value }) => value);
    return annotatedLabels === undefined ? values : values.filter((value) => annotatedLabels.includes(value));
  }

  /** Refuses cases that were measured before any is prepared, all by name. */
  #checkSpacings(cases: readonly DatasetCase[], { spacingMm }: Preprocessing): void {
    const far = cases.flatMap(({ id }) => {
      const grid = this.#grids.get(id);
      const problem = grid === undefined ? undefined : farFromPlan(grid, spacingMm);
      return problem === undefined ? [] : [`case ${id}: ${problem}`];
    });
    if (far.length === 0) return;
    throw new SegError('limit-exceeded', {
      where: this.#dataset.root,
      problem: `${far.slice(0, 10).join('; ')}${far.length > 10 ? `; and ${far.length - 10} more` : ''}`,
      hint: SPACING_HINT,
    });
  }

  /** Cases that were kept are prepared without waiting for anything, so that a signal would never get its turn. */
  async #stopIfAborted(): Promise<void> {
    const { signal } = this.#options;
    await nextTask();
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
