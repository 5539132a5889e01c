import { type ImageArray, imageDtypes, type MedicalImage, scalingOf } from './medical-image.ts';

/** What an image's scaled values are like; null where no value is finite. */
export interface VoxelStatistics {
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  /** Values that are NaN. */
  readonly nan: number;
  /** Values that are infinite. */
  readonly inf: number;
}

/** Values that are summed before their sum is added to the total, which keeps rounding small. */
const blockSize = 1024;

/**
 * Minimum, maximum and mean of the finite scaled values, summed in double precision, and counts of the others.
 *
 * Complex voxels count by their real part (as nibabel's `get_fdata` gives it), colours by all their components.
 */
export class VoxelStatisticsCollector {
  readonly #slope: number;
  readonly #intercept: number;
  readonly #step: number;
  #min = Infinity;
  #max = -Infinity;
  #sum = 0;
  #count = 0;
  #nan = 0;
  #inf = 0;

  constructor(image: Pick<MedicalImage, 'slope' | 'intercept' | 'dtype'>) {
    const { slope, intercept } = scalingOf(image);
    this.#slope = slope;
    this.#intercept = intercept;
    this.#step = image.dtype.startsWith('complex') ? imageDtypes[image.dtype].components : 1;
  }

  /** Adds stored voxels. */
  add(data: ImageArray): void {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
      for (let start = 0; start < data.length; start += blockSize) {
        this.#addBlock(Float64Array.from(data.subarray(start, start + blockSize), Number), 0, blockSize);
      }
      return;
    }
    const size = blockSize * this.#step;
    for (let start = 0; start < data.length; start += size) this.#addBlock(data, start, start + size);
  }

  #addBlock(data: Exclude<ImageArray, BigInt64Array | BigUint64Array>, from: number, to: number): void {
    const [slope, intercept, step] = [this.#slope, this.#intercept, this.#step];
    const end = Math.min(to, data.length);
    let [min, max, sum, others] = [this.#min, this.#max, 0, 0];
    for (let i = from; i < end; i += step) {
      const value = data[i]! * slope + intercept;
      if (value - value !== 0) {
        others++;
        if (Number.isNaN(value)) this.#nan++;
        continue;
      }
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
    }
    this.#min = min;
    this.#max = max;
    this.#sum += sum;
    const values = Math.ceil((end - from) / step);
    this.#count += values - others;
    this.#inf += others;
  }

  result(): VoxelStatistics {
    const some = this.#count > 0;
    return {
      min: some ? this.#min + 0 : null,
      max: some ? this.#max + 0 : null,
      mean: some ? this.#sum / this.#count : null,
      nan: this.#nan,
      inf: this.#inf - this.#nan,
    };
  }
}

/** Statistics of a whole image. */
export function voxelStatistics(image: MedicalImage): VoxelStatistics {
  const collector = new VoxelStatisticsCollector(image);
  collector.add(image.data);
  return collector.result();
}
